//! A person at a browser, who finds elements by their accessible names, and waits for what should appear.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use fantoccini::{
    Client,
    actions::{InputSource, KeyAction, KeyActions},
    elements::{Element, ElementRef},
    error::CmdError,
    key::Key,
};
use serde_json::{Value, json};

use crate::{
    chromium::{Chromium, Setup},
    quiet::{Refusals, complaints},
    support::App,
};

/// How long to look before a test fails. It affects nothing else.
const PATIENCE: Duration = Duration::from_secs(30);
const GRAIN: Duration = Duration::from_millis(40);

/// Finds a usable element by name: in the open dialog if there is one, an exact name before a prefix.
const FIND: &str = r#"
const [selector, name] = arguments;
const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const nameOf = (node) => plain(node.getAttribute("aria-label") ?? (node.labels?.length ? node.labels[0].innerText : node.innerText));
const within = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
const there = [...within.querySelectorAll(selector)].filter((node) => node.checkVisibility() && !node.disabled);
const named = (fits) => there.find((node) => fits(nameOf(node)));
const found = named((it) => it === name) ?? named((it) => it === `${name} (optional)`) ?? named((it) => it.startsWith(name)) ?? null;
// As a person would: out from under the bar at the foot of a phone.
found?.scrollIntoView({ block: "center", behavior: "instant" });
return found;
"#;

const SEEN: &str = r#"return document.body.innerText.replace(/\s+/g, " ")"#;

/// What makes the page wider than the screen.
const WIDER: &str = r#"
const { clientWidth: width, scrollWidth } = document.documentElement;
if (scrollWidth <= width) return [];
const beyond = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > width);
return [`${scrollWidth} instead of ${width}`, ...beyond.slice(0, 5).map((node) => node.outerHTML.slice(0, 120))];
"#;

/// Elements that extend beyond their card.
const CUT_OFF: &str = r#"
const there = [...document.querySelectorAll(arguments[0])].filter((node) => node.checkVisibility());
const card = (node) => node.closest(".card").getBoundingClientRect();
const isCut = (node) => node.getBoundingClientRect().right > card(node).right + 1 || node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0;
return there.filter(isCut).map((node) => node.outerHTML.slice(0, 120));
"#;

/// Elements that can be pressed.
const PRESSED: &str = "button, a[href], summary, input[type=radio], input[type=checkbox]";
/// Elements that can be typed into.
const WRITTEN: &str = "input:not([type=radio], [type=checkbox]), textarea, select";

/// A browser and its user.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) chromium: Chromium,
    pub(crate) refusals: Refusals,
    hosts: [String; 2],
}

impl Browser {
    /// Starts one, with an empty profile.
    pub(crate) async fn start(setup: Setup, app: &App) -> Self {
        let hosts = [app.hello.url.clone(), app.hello.sandbox_url.clone()];
        Self { chromium: Chromium::start(setup).await, refusals: Refusals::default(), hosts }
    }

    /// Goes to an address.
    pub(crate) async fn opens(&self, url: &str) {
        self.client().goto(url).await.unwrap();
    }

    /// Presses the button, link or choice with this name.
    pub(crate) async fn clicks(&self, name: &str) {
        self.uses(PRESSED, name, async |element| element.click().await).await;
    }

    /// Fills in the field with this name.
    pub(crate) async fn writes(&self, name: &str, text: &str) {
        self.uses(WRITTEN, name, async |element| {
            element.clear().await?;
            element.send_keys(text).await
        })
        .await;
    }

    /// Selects an option by value in the field with this name.
    pub(crate) async fn chooses(&self, name: &str, value: &str) {
        self.uses("select", name, async |element| element.select_by_value(value).await).await;
    }

    /// The content of the field with this name.
    pub(crate) async fn reads(&self, name: &str) -> String {
        let mut found = None;
        self.uses(WRITTEN, name, async |element| {
            found = element.prop("value").await?;
            Ok(())
        })
        .await;
        found.unwrap_or_default()
    }

    /// Picks a file in the picker with this name.
    pub(crate) async fn picks(&self, name: &str, file: &Path) {
        self.uses("input[type=file]", name, async |element| element.send_keys(file.to_str().unwrap()).await).await;
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn presses(&self, key: impl Into<char>) {
        let value = key.into();
        let actions =
            KeyActions::new("keyboard".to_owned()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client().perform_actions(actions).await.unwrap();
    }

    /// Types, wherever the focus is.
    pub(crate) async fn types(&self, text: &str) {
        for letter in text.chars() {
            self.presses(letter).await;
        }
    }

    /// Presses Tab until the element with this name has the focus.
    pub(crate) async fn tabs_to(&self, name: &str) {
        const MOST: usize = 60;
        let mut passed = Vec::new();
        for _ in 0..MOST {
            let focused = self.focused().await;
            if focused.starts_with(name) {
                return;
            }
            passed.push(focused);
            self.presses(Key::Tab).await;
        }
        panic!("Tab does not come to {name:?}, but to {passed:?}");
    }

    /// The name of the focused element.
    pub(crate) async fn focused(&self) -> String {
        let name = self
            .runs(
                r#"const node = document.activeElement;
                const text = node.getAttribute("aria-label") ?? (node.labels?.length ? node.labels[0].innerText : node.innerText);
                return (text ?? "").replace(/\s+/g, " ").trim();"#,
                vec![],
            )
            .await;
        name.as_str().unwrap().to_owned()
    }

    /// Waits until this text appears on the page.
    pub(crate) async fn sees(&self, text: &str) {
        self.waits(&format!("{text:?} to be seen"), async |seen| seen.contains(text)).await;
    }

    /// Waits until this text has disappeared from the page.
    pub(crate) async fn sees_no(&self, text: &str) {
        self.waits(&format!("{text:?} to be gone"), async |seen| !seen.contains(text)).await;
    }

    /// Opens an address in a new tab and continues there.
    pub(crate) async fn opens_in_a_new_tab(&self, url: &str) {
        let made = self.client().new_window(true).await.unwrap();
        self.client().switch_to_window(made.handle).await.unwrap();
        self.opens(url).await;
    }

    /// Continues in another tab: the first is 0.
    pub(crate) async fn turns_to_tab(&self, number: usize) {
        let windows = self.client().windows().await.unwrap();
        self.client().switch_to_window(windows[number].clone()).await.unwrap();
    }

    /// Runs a script in the page.
    pub(crate) async fn runs(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client().execute(script, arguments).await.unwrap()
    }

    /// Fails if the page is wider than the screen: a phone would shrink or clip it.
    pub(crate) async fn fits_the_screen(&self, place: &str) {
        let wider = self.runs(WIDER, vec![]).await;
        assert_eq!(wider.as_array().map(Vec::len), Some(0), "{place} is wider than the screen: {wider}");
    }

    /// Sets the width of the window.
    pub(crate) async fn is_as_wide_as(&self, width: u32) {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.chromium.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Fails if an element that this finds extends beyond its container, where part of it is hidden.
    pub(crate) async fn cuts_nothing_off(&self, selector: &str, place: &str) {
        let cut = self.runs(CUT_OFF, vec![json!(selector)]).await;
        assert_eq!(cut.as_array().map(Vec::len), Some(0), "{place}: cut off: {cut}");
        self.fits_the_screen(place).await;
    }

    /// Saves a screenshot to this file.
    pub(crate) async fn is_drawn(&self, file: &Path) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, self.client().screenshot().await.unwrap()).unwrap();
    }

    /// Unexpected errors, one per line.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let (console, network) = (self.chromium.log("browser").await, self.chromium.log("performance").await);
        complaints(&console, &network, &self.hosts, &self.refusals)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.chromium.client
    }

    /// Finds the element with this name and uses it; looks again if it is redrawn or moves meanwhile.
    async fn uses(&self, selector: &str, name: &str, mut how: impl AsyncFnMut(Element) -> Result<(), CmdError>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let trouble = match self.found(selector, name).await {
                Some(element) => match how(element).await {
                    Ok(()) => return,
                    Err(error) => error.to_string(),
                },
                None => "it is not there".to_owned(),
            };
            assert!(
                Instant::now() <= deadline,
                "{name:?} cannot be used: {trouble}; the page says: {}",
                self.page().await
            );
            tokio::time::sleep(GRAIN).await;
        }
    }

    async fn found(&self, selector: &str, name: &str) -> Option<Element> {
        let found = self.client().execute(FIND, vec![json!(selector), json!(name)]).await.ok()?;
        let id = found.as_object()?.values().next()?.as_str()?.to_owned();
        Some(Element::from_element_id(self.client().clone(), ElementRef::from(id)))
    }

    async fn waits(&self, what: &str, fits: impl AsyncFn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.page().await;
            if fits(&seen).await {
                return;
            }
            assert!(Instant::now() < deadline, "waited for {what}; the page says: {seen}");
            tokio::time::sleep(GRAIN).await;
        }
    }

    /// All text on the page; empty between two pages.
    async fn page(&self) -> String {
        let seen = self.client().execute(SEEN, vec![]).await.unwrap_or_default();
        seen.as_str().unwrap_or_default().to_owned()
    }
}
