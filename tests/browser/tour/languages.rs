//! The console in another language: page by page, with nothing left in English.

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{Tour, language_states};
use crate::support::App;

/// The page, a text that must appear there (or its path among the texts), and the name of the screenshot.
const PAGES: [(&str, &str, &str); 17] = [
    ("/home", "/home/fast", "home"),
    ("/orders", "/tags/paid", "orders"),
    ("/links", "/links/exportAll", "links"),
    ("/batches", "/batches/emptyTitle", "batches"),
    ("/conversations", "Example Buyer", "conversations"),
    ("/credits", "/credits/kinds/top_up", "credits"),
    ("/settings/profile", "/profile/timeZoneHint", "settings-business"),
    ("/settings/stripe", "/stripe/webhookSecret", "settings-stripe"),
    ("/settings/sms", "/sms/webhook", "settings-sms"),
    ("/settings/template", "/template/preview", "settings-message"),
    ("/settings/reminders", "/reminders/on", "settings-reminders"),
    ("/settings/opt-outs", "/optOuts/none", "settings-opt-outs"),
    ("/settings/keys", "/keys/current", "settings-keys"),
    ("/settings/webhooks", "/webhooks/none", "settings-webhooks"),
    ("/settings/activity", "/activity/actions/link.send", "settings-activity"),
    ("/orders/ord_00000000000000000000000000000000", "/advice/not_found/text", "not-found"),
    ("/orders", "/tags/paid", "orders-again"),
];

/// Texts, titles and labels, including those for screen readers.
const SAID: &str = r#"
const texts = [...document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")]
  .flatMap((node) => ["aria-label", "title", "placeholder", "alt"].map((name) => node.getAttribute(name) ?? ""));
return [document.body.innerText, document.title, ...texts].join("\n").replace(/[^\S\n]+/g, " ");
"#;

pub(super) async fn walk(tour: &Tour<'_>, app: &App, language: &str) {
    let browser = tour.browser;
    let texts = Texts::of(language);
    let order = link_that_was_paid(app).await;
    let console = format!("{}/console", app.hello.url);
    browser.opens(&console).await;
    let cookie = format!("paylink_language={language}; Path=/console");
    browser.runs("document.cookie = arguments[0]", vec![cookie.into()]).await;
    browser.opens(&console).await;
    browser.sees(texts.at("/signIn/merchant/hint")).await;
    texts.are_all_that_is_said(tour, "sign-in").await;
    browser.types(&app.hello.api_key).await;
    browser.presses(Key::Enter).await;
    browser.sees(texts.at("/home/matters")).await;
    browser.refusals.expect(404, "/v1/orders/ord_0");
    for (page, seen, name) in PAGES {
        tour.goes_to(page, if seen.starts_with('/') { texts.at(seen) } else { seen }).await;
        texts.are_all_that_is_said(tour, name).await;
    }
    tour.goes_to(&format!("/orders/{order}"), texts.at("/link/sentences/paid")).await;
    browser.sees(texts.at("/link/events/paid")).await;
    texts.are_all_that_is_said(tour, "link-paid").await;
    let new = app.order();
    tour.goes_to(&format!("/orders/{}", new.id), texts.at("/order/noLinkTitle")).await;
    browser.clicks(texts.at("/order/createLink")).await;
    browser.sees(texts.at("/createLink/fileHint")).await;
    texts.are_all_that_is_said(tour, "dialog-create-link").await;
    language_states::walk(tour, app, &texts, language).await;
}

async fn link_that_was_paid(app: &App) -> String {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("6001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    app.sandbox().does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    order.id
}

/// The console's texts in a language, and in English.
pub(super) struct Texts {
    table: Value,
    english: Vec<String>,
}

impl Texts {
    fn of(language: &str) -> Self {
        let file = |language: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/api/src/console/assets/strings");
            std::fs::read_to_string(format!("{folder}/{language}.json")).unwrap()
        };
        let table: Value = serde_json::from_str(&file(language)).unwrap();
        let mut english = Vec::new();
        sentences(&serde_json::from_str(&file("en")).unwrap(), &mut english);
        let said = table.to_string();
        english.retain(|text| !said.contains(text.as_str()));
        assert!(english.len() > 300, "{}", english.len());
        Self { table, english }
    }

    pub(super) fn at(&self, place: &str) -> &str {
        self.table.pointer(place).and_then(Value::as_str).unwrap()
    }

    /// Nothing on the page is in English, and it is accessible.
    pub(super) async fn are_all_that_is_said(&self, tour: &Tour<'_>, place: &str) {
        let said = tour.browser.runs(SAID, vec![]).await;
        let said = said.as_str().unwrap();
        let english: Vec<&String> = self.english.iter().filter(|text| said.contains(text.as_str())).collect();
        assert!(english.is_empty(), "{place} says {english:?}: {said}");
        tour.stops_at(place).await;
    }
}

/// Texts of more than a word or two without parameters.
fn sentences(table: &Value, found: &mut Vec<String>) {
    match table {
        Value::Object(texts) => texts.values().for_each(|text| sentences(text, found)),
        Value::String(text) if text.split(' ').count() > 2 && !text.contains('{') => found.push(text.clone()),
        _ => {}
    }
}
