//! Signing in, orders in every state, conversations and credits.

use chrono::{Days, Utc};
use fantoccini::key::Key;
use serde_json::json;

use super::Tour;
use crate::support::{App, INVOICE, Invoice, Merchant, Order, StripeEvent};

pub(super) async fn walk(tour: &Tour<'_>, app: &App) {
    door(tour, app).await;
    let merchant = app.merchant();
    tour.browser.signs_in(app).await;
    order_before_its_link(tour, &app.order()).await;
    links(tour, app, &merchant).await;
    tour.goes_to("/home", "Needs your attention").await;
    tour.stops_at("home").await;
    tour.goes_to("/orders", "6003").await;
    tour.stops_at("orders").await;
    tour.goes_to("/links", "INV-2026-117").await;
    tour.browser.clicks("Choose all on this page").await;
    tour.browser.clicks("Dates, disputes and sorting").await;
    tour.stops_at("links").await;
    tour.goes_to("/orders", "6003").await;
    tour.browser.writes("Search orders", "nobody").await;
    tour.browser.sees("No order matches.").await;
    tour.stops_at("orders-nothing-found").await;
    conversations(tour, app, &merchant).await;
    tour.goes_to("/credits", "Set aside for texts under way").await;
    tour.browser.sees("Top-up").await;
    tour.stops_at("credits").await;
    tour.browser.refusals.expect(404, "/v1/orders/ord_0");
    tour.goes_to("/orders/ord_00000000000000000000000000000000", "It may have been removed").await;
    tour.stops_at("not-found").await;
}

async fn door(tour: &Tour<'_>, app: &App) {
    tour.browser.opens(&format!("{}/console", app.hello.url)).await;
    tour.browser.sees("API key").await;
    tour.stops_at("sign-in").await;
    tour.browser.refusals.expect(401, "/console/session");
    tour.browser.types("pk_unknown").await;
    tour.browser.presses(Key::Enter).await;
    tour.browser.sees("This key is not accepted.").await;
    tour.stops_at("sign-in-refused").await;
}

async fn order_before_its_link(tour: &Tour<'_>, order: &Order) {
    shows(tour, order, "No payment link yet", "order-without-link").await;
}

/// An order for each visible state of a link.
async fn links(tour: &Tour<'_>, app: &App, merchant: &Merchant) {
    let (buyer, sandbox) = (app.buyer(), app.sandbox());
    let invoice = Invoice { pdf: Some(INVOICE), number: Some("INV-2026-117"), ..Invoice::default() };

    let paid = merchant.opens_an_order("6001").await;
    let id = merchant.uploads(&paid, &invoice).await;
    let link = merchant.has_the_link(&id).await;
    shows(tour, &paid, "Ready to be paid", "link-ready").await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    shows(tour, &paid, "Waiting for the buyer to pay", "link-sent").await;
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    shows(tour, &paid, "The buyer has paid", "link-paid").await;
    let intent = &payment["payment_intent"];
    sandbox.does("refund", json!({"payment_intent": intent, "amount": 2_950})).await;
    sandbox.does("dispute", json!({"payment_intent": intent})).await;
    sandbox.has_told_everything().await;
    shows(tour, &paid, "Disputed at Stripe", "link-refunded-and-disputed").await;
    sandbox.does("dispute/close", json!({"payment_intent": intent, "status": "lost"})).await;
    sandbox.has_told_everything().await;
    shows(tour, &paid, "you have lost", "link-dispute-lost").await;

    let late = merchant.opens_an_order("6002").await;
    let link = merchant.makes_a_link(&late).await;
    let session = buyer.opens_stripe(&link).await;
    sandbox.does("pay", json!({"session": session, "async": true})).await;
    merchant.sees(&link.id, "processing").await;
    shows(tour, &late, "the bank has not confirmed it yet", "link-processing").await;

    let taken_back = merchant.opens_an_order("6003").await;
    let link = merchant.makes_a_link(&taken_back).await;
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    let soon = (Utc::now() + Days::new(30)).date_naive().to_string();
    let again = Invoice { number: Some("INV-2026-118"), expires_on: Some(&soon), ..Invoice::default() };
    let id = merchant.uploads(&taken_back, &again).await;
    merchant.has_the_link(&id).await;
    shows(tour, &taken_back, "Past links", "link-after-a-void").await;

    let twice = merchant.opens_an_order("6006").await;
    let link = merchant.makes_a_link(&twice).await;
    for session in ["cs_6006_1", "cs_6006_2"] {
        let paid = StripeEvent::about_session("checkout.session.completed", &link.id, session, "paid");
        app.is_told(&paid).await.with_status(200);
        merchant.sees(&link.id, "paid").await;
    }
    shows(tour, &twice, "Refund the extra payment at Stripe", "link-paid-twice").await;
    tour.goes_to("/home", "or paid more than once").await;
    app.is_told(&StripeEvent::refund(&link.id, "cs_6006_2", 12_950)).await.with_status(200);
    shows(tour, &twice, "some of it has been refunded since", "link-paid-twice-and-refunded").await;

    let unreadable = merchant.opens_an_order("6004").await;
    let pdf = include_bytes!("../../fixtures/encrypted.pdf");
    let id = merchant.uploads(&unreadable, &Invoice { pdf: Some(pdf), ..Invoice::default() }).await;
    merchant.sees(&id, "failed").await;
    shows(tour, &unreadable, "Why it failed", "link-failed").await;
}

async fn conversations(tour: &Tour<'_>, app: &App, merchant: &Merchant) {
    let sandbox = app.sandbox();
    let order = merchant.opens_an_order("6005").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    sandbox.buyer_texts(&order.phone, "Thank you! Can I pay on Friday?").await;
    let conversation = merchant.conversation_with(&order.phone).await;
    tour.goes_to("/conversations", "Can I pay on Friday?").await;
    tour.stops_at("conversations").await;
    let page = format!("/conversations/{}", conversation["id"].as_str().unwrap());
    tour.goes_to(&page, "Delivered").await;
    tour.browser.writes("Message", "Of course. Friday is fine.").await;
    tour.browser.clicks("Send").await;
    tour.browser.sees("Friday is fine. Delivered").await;
    tour.stops_at("conversation").await;
    sandbox.buyer_texts(&order.phone, "STOP").await;
    tour.browser.sees("asked for no more texts").await;
    tour.stops_at("conversation-opted-out").await;
}

async fn shows(tour: &Tour<'_>, order: &Order, seen: &str, place: &str) {
    tour.goes_to(&format!("/orders/{}", order.id), seen).await;
    tour.stops_at(place).await;
}
