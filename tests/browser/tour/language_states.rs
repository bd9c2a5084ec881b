//! Dialogs, errors, a conversation, an invitation and the buyer's page, in another language.

use serde_json::json;

use super::{Tour, languages::Texts};
use crate::support::{App, Invoice, Link};

/// From the open dialog that creates a link.
pub(super) async fn walk(tour: &Tour<'_>, app: &App, texts: &Texts, language: &str) {
    dialogs(tour, texts).await;
    let link = what_went_wrong(tour, app, texts).await;
    conversation(tour, app, texts).await;
    tour.goes_to("/home", texts.at("/home/kinds/dispute")).await;
    texts.are_all_that_is_said(tour, "home-with-matters").await;
    pages_of_others(tour, app, &link, language).await;
}

async fn dialogs(tour: &Tour<'_>, texts: &Texts) {
    let browser = tour.browser;
    browser.clicks(texts.at("/createLink/detailsPage")).await;
    browser.clicks(texts.at("/createLink/submit")).await;
    browser.sees(texts.at("/link/unsent")).await;
    texts.are_all_that_is_said(tour, "link-ready").await;
    for (press, seen, leave, name) in [
        ("/linkReminders/change", "/linkReminders/label", "/cancel", "dialog-reminders"),
        ("/link/showQr", "/qr/done", "/qr/done", "dialog-qr"),
        ("/link/send", "/send/preview", "/cancel", "dialog-send"),
        ("/link/markPaid", "/markPaid/onHint", "/cancel", "dialog-mark-paid"),
        ("/link/void", "/voidLink/reasonHint", "/voidLink/keep", "dialog-void"),
    ] {
        browser.clicks(texts.at(press)).await;
        browser.sees(texts.at(seen)).await;
        texts.are_all_that_is_said(tour, name).await;
        browser.clicks(texts.at(leave)).await;
    }
    tour.goes_to("/orders", texts.at("/orders/add")).await;
    browser.clicks(texts.at("/orders/add")).await;
    browser.sees(texts.at("/newOrder/languageHint")).await;
    texts.are_all_that_is_said(tour, "dialog-new-order").await;
    browser.clicks(texts.at("/close")).await;
}

/// A failed link, and one that is partly refunded and otherwise disputed. Returns a payable one.
async fn what_went_wrong(tour: &Tour<'_>, app: &App, texts: &Texts) -> Link {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let unreadable = merchant.opens_an_order("6031").await;
    let pdf = include_bytes!("../../fixtures/encrypted.pdf");
    let id = merchant.uploads(&unreadable, &Invoice { pdf: Some(pdf), ..Invoice::default() }).await;
    merchant.sees(&id, "failed").await;
    tour.goes_to(&format!("/orders/{}", unreadable.id), texts.at("/server/pdfLocked")).await;
    texts.are_all_that_is_said(tour, "link-failed").await;

    let disputed = merchant.opens_an_order("6032").await;
    let link = merchant.makes_a_link(&disputed).await;
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    let intent = &payment["payment_intent"];
    sandbox.does("refund", json!({"payment_intent": intent, "amount": 2_950})).await;
    sandbox.does("dispute", json!({"payment_intent": intent})).await;
    sandbox.has_told_everything().await;
    tour.goes_to(&format!("/orders/{}", disputed.id), texts.at("/link/evidence")).await;
    texts.are_all_that_is_said(tour, "link-disputed").await;
    merchant.makes_a_link(&merchant.opens_an_order("6033").await).await
}

async fn conversation(tour: &Tour<'_>, app: &App, texts: &Texts) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("6034").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    app.sandbox().buyer_texts(&order.phone, "OK 👍").await;
    let conversation = merchant.conversation_with(&order.phone).await;
    let page = format!("/conversations/{}", conversation["id"].as_str().unwrap());
    tour.goes_to(&page, texts.at("/message/states/delivered")).await;
    tour.browser.sees("OK 👍").await;
    texts.are_all_that_is_said(tour, "conversation").await;
}

/// Pages for visitors without a key, in their browser's preferred language.
async fn pages_of_others(tour: &Tour<'_>, app: &App, link: &Link, language: &str) {
    let browser = tour.browser;
    let headers = json!({"headers": {"Accept-Language": language}});
    browser.chromium.devtools("Network.enable", json!({})).await;
    browser.chromium.devtools("Network.setExtraHTTPHeaders", headers).await;
    let spoken = async |place: &str| {
        let said = browser.runs("return document.documentElement.lang", vec![]).await;
        assert_eq!(said, language, "{place}");
    };
    browser.opens(&link.url).await;
    spoken("the buyer's page").await;
    tour.stops_at("buyer-open").await;
    app.buyer().pays(link).await;
    app.merchant().sees(&link.id, "paid").await;
    browser.opens(&link.url).await;
    tour.stops_at("buyer-paid").await;

    let invited = json!({"name": "Front desk", "scope": "send", "invite": true});
    let invited = app.merchant().http.post("/v1/api-keys", &invited).await.with_status(201).json();
    let url = invited["invitation_url"].as_str().unwrap();
    app.hush(url.rsplit('/').next().unwrap());
    browser.opens(url).await;
    spoken("an invitation").await;
    tour.stops_at("invitation").await;
}
