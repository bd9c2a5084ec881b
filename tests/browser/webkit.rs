//! The buyer's page and the console's forms in WebKit, the engine of all iPhone browsers: WebKitGTK's own small browser
//! under its driver, on a virtual screen.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{App, Database, eventually, free_port};

/// Scripts of pages do not run; those of the driver do.
const WITHOUT_SCRIPTS: &str = "--enable-javascript-markup=false";

const PAY: &str = "form[action$='/pay'] button";

#[tokio::test]
async fn a_buyer_with_webkit_sees_the_invoice_and_pays() {
    let app = App::start(Database::sqlite()).await;
    let webkit = WebKit::start(&[]).await;
    let link = app.merchant().makes_a_link(&app.order()).await;
    webkit.opens(&format!("{}/invoice.pdf", link.url)).await;
    // WebKit shows it in a frame of its own, which stays empty under a policy with `sandbox`.
    webkit.client.enter_frame(0).await.unwrap();
    let written =
        "return (document.querySelector('canvas') && document.querySelector('.textLayer')?.innerText) || null";
    let written = webkit.waits("the PDF is drawn", written).await;
    assert!(written.as_str().unwrap().contains("INV-1"), "{written}");
    comes_back_paid(&app, &webkit, &link.url).await;
    app.merchant().sees(&link.id, "paid").await;
    webkit.client.clone().close().await.unwrap();
}

#[tokio::test]
async fn a_buyer_with_webkit_pays_with_scripts_off() {
    let app = App::start(Database::sqlite()).await;
    let webkit = WebKit::start(&[WITHOUT_SCRIPTS]).await;
    let link = app.merchant().makes_a_link(&app.order()).await;
    comes_back_paid(&app, &webkit, &link.url).await;
    app.merchant().sees(&link.id, "paid").await;
    webkit.client.clone().close().await.unwrap();
}

#[tokio::test]
async fn a_merchant_with_webkit_sees_a_form_as_in_other_browsers() {
    let app = App::start(Database::sqlite()).await;
    let webkit = WebKit::start(&[]).await;
    webkit.opens(&format!("{}/console", app.hello.url)).await;
    webkit.sees("Sign in").await;
    webkit.writes("form input", &app.hello.api_key).await;
    webkit.clicks("form [type=submit]").await;
    webkit.sees("Needs your attention").await;
    webkit.clicks(".page-head button").await;
    let form = "const of = (selector) => document.querySelector(`dialog ${selector}`)?.getBoundingClientRect();
        const [box, legend, list, field] = ['.items', '.items > legend', 'select', 'input'].map(of);
        return field && [legend.top - box.top, list.height - field.height]";
    let form = webkit.waits("the form of an order is open", form).await;
    let [legend, taller] = [0, 1].map(|at| form[at].as_f64().unwrap());
    assert!(legend > 8.0, "the legend of the items lies on the edge of their box: {legend}");
    assert!(taller.abs() < 1.0, "a list is not as tall as a field: {taller}");
    webkit.client.clone().close().await.unwrap();
}

/// Looks at the picture of the invoice, pays while Stripe's webhook is lost, and is not asked to pay again.
async fn comes_back_paid(app: &App, webkit: &WebKit, page: &str) {
    webkit.opens(page).await;
    webkit.sees("You are asked to pay").await;
    let picture = "const picture = document.querySelector(\"img[src*='invoice.png']\");
        picture?.scrollIntoView();
        return picture?.complete && picture.naturalWidth > 300 && picture.getBoundingClientRect().width > 300";
    webkit.waits("the first page is seen as a picture", picture).await;

    app.sandbox().does("webhooks", json!({"drop": true})).await;
    webkit.clicks(PAY).await;
    webkit.sees("This is the sandbox's stand-in for Stripe's page").await;
    webkit.clicks("button").await;
    webkit.sees("being confirmed").await;
    // No webhook comes; the page refreshes by itself.
    let looks = format!("return [document.querySelector(\"{PAY}\") !== null, document.body.innerText]");
    eventually("it is said to be paid", async || {
        let seen = webkit.looks(&looks).await;
        assert_ne!(seen[0], true, "they are asked to pay again: {seen}");
        seen[1].as_str().unwrap_or_default().contains("This invoice is paid").then_some(())
    })
    .await;
}

/// A running browser, its driver's session, and its virtual screen. However a test ends, all end with it.
struct WebKit {
    client: Client,
    _driver: Ends,
    _screen: Ends,
    // Kept open, so that the screen can write to it.
    _says: BufReader<ChildStdout>,
    _home: TempDir,
}

impl WebKit {
    async fn start(arguments: &[&str]) -> Self {
        let home = tempfile::Builder::new().prefix("paylink-webkit-").tempdir().unwrap();
        let mut screen = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"])
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser's tests need it: apt-get install xvfb");
        let mut says = BufReader::new(screen.stdout.take().unwrap());
        let screen = Ends(screen);
        let mut display = String::new();
        says.read_line(&mut display).unwrap();
        let port = free_port();
        let driver = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("DISPLAY", format!(":{}", display.trim()))
            .env("GDK_BACKEND", "x11")
            .env("HOME", home.path())
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            // Its sandbox needs rights that root in a container lacks. It only opens our pages.
            .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser's tests need it: apt-get install webkit2gtk-driver");
        let driver = Ends(driver);
        eventually("the driver listens", async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
        let arguments: Vec<&str> = ["--automation"].iter().chain(arguments).copied().collect();
        let capabilities = json!({"webkitgtk:browserOptions": {"args": arguments}});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| panic!("WebKit does not start: {error}"));
        Self { client, _driver: driver, _screen: screen, _says: says, _home: home }
    }

    async fn opens(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    async fn clicks(&self, selector: &str) {
        self.client.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }

    async fn writes(&self, selector: &str, text: &str) {
        self.client.find(Locator::Css(selector)).await.unwrap().send_keys(text).await.unwrap();
    }

    async fn sees(&self, text: &str) {
        eventually(&format!("{text:?} is seen"), async || {
            let seen = self.looks("return document.body.innerText").await;
            seen.as_str().is_some_and(|seen| seen.contains(text)).then_some(())
        })
        .await;
    }

    /// Waits until this expression is true on the page.
    async fn waits(&self, what: &str, script: &str) -> Value {
        eventually(what, async || {
            let said = self.looks(script).await;
            (!said.is_null() && said != false).then_some(said)
        })
        .await
    }

    /// The value of this expression on the page; nothing between two pages.
    async fn looks(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_default()
    }
}

/// A process that leads a group, which ends with it.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        // A killed screen leaves its number taken. The files may be gone already.
        let _ = kill(group, Signal::SIGTERM);
        let _ = self.0.wait();
        let _ = killpg(group, Signal::SIGKILL);
    }
}
