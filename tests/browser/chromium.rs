//! Chromium and its driver. However a test ends, both end with it.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// The device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// 1280 by 900 points.
    Desktop,
    /// 390 by 844 points, with touch.
    Phone,
}

/// The colour scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Dark text on a light background.
    Light,
    /// Light text on a dark background.
    Dark,
}

/// The options of a browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) screen: Screen,
    pub(crate) scheme: Scheme,
    /// Whether pages may run scripts.
    pub(crate) scripts: bool,
}

impl Setup {
    pub(crate) const DESKTOP: Self = Self { screen: Screen::Desktop, scheme: Scheme::Light, scripts: true };
    pub(crate) const PHONE: Self = Self { screen: Screen::Phone, ..Self::DESKTOP };
}

/// The time zone of the browser, which is not the merchant's (New York).
const TIME_ZONE: &str = "Asia/Tokyo";

/// A running browser with an empty profile, and its driver's session.
#[derive(Debug)]
pub(crate) struct Chromium {
    pub(crate) client: Client,
    driver: Child,
    // Kept open, so that the driver can write to it.
    _says: BufReader<ChildStdout>,
    _profile: TempDir,
}

impl Chromium {
    /// Starts both.
    pub(crate) async fn start(setup: Setup) -> Self {
        let profile = tempfile::Builder::new().prefix("paylink-chromium-").tempdir().unwrap();
        let (mut driver, says, port) = driver();
        let capabilities = capabilities(setup, &profile).as_object().unwrap().clone();
        let connected = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        let client = match connected {
            Ok(client) => client,
            Err(error) => {
                end(&mut driver);
                panic!("Chromium does not start: {error}");
            }
        };
        let chromium = Self { client, driver, _says: says, _profile: profile };
        let scheme = match setup.scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        chromium.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
        chromium
    }

    /// Sends a command of Chromium's developer tools.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.client.issue_cmd(Extension { path: "goog/cdp/execute", body }).await.unwrap()
    }

    /// The log of this kind since the last read.
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.client.issue_cmd(Extension { path: "se/log", body: json!({"type": kind}) }).await.unwrap();
        log.as_array().unwrap().clone()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        end(&mut self.driver);
    }
}

/// How often a driver may find that the port it chose was just taken.
const MOST_STARTS: usize = 5;

/// A driver, its output, and its port.
fn driver() -> (Child, BufReader<ChildStdout>, u16) {
    for _ in 0..MOST_STARTS {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("TZ", TIME_ZONE)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser's tests need it: apt-get install chromium chromium-driver");
        let mut says = BufReader::new(driver.stdout.take().unwrap());
        if let Some(port) = port_of(&mut says) {
            return (driver, says, port);
        }
        end(&mut driver);
    }
    panic!("chromedriver ended before it said its port, {MOST_STARTS} times");
}

/// The driver leads a process group, which contains the browser.
fn end(driver: &mut Child) {
    let group = Pid::from_raw(i32::try_from(driver.id()).unwrap());
    // They may have ended already.
    let _ = killpg(group, Signal::SIGKILL);
    let _ = driver.wait();
}

/// The driver picks a free port and prints it; `None` if it ended first.
fn port_of(says: &mut impl BufRead) -> Option<u16> {
    says.lines().map(Result::unwrap).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    })
}

fn capabilities(setup: Setup, profile: &TempDir) -> Value {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--force-color-profile=srgb",
        "--lang=en-US",
        "--window-size=1280,900",
        // Blocks whatever a page might load from elsewhere.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--user-data-dir={}", profile.path().display()));
    let mut options = json!({"args": arguments, "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false}});
    if setup.screen == Screen::Phone {
        let metrics = json!({"width": 390, "height": 844, "pixelRatio": 2.0, "mobile": true, "touch": true});
        options["mobileEmulation"] = json!({"deviceMetrics": metrics});
    }
    if !setup.scripts {
        options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
    }
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        // A script may look at a hundred forms, on a machine that does other things.
        "timeouts": {"script": 180_000},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    })
}

/// A command that only Chromium's driver knows.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _request_url: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
