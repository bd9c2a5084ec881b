//! Voided links.

use serde_json::{Value, json};

use crate::support::{App, on_both_databases};

on_both_databases!(
    a_voided_link_cannot_be_paid,
    a_page_that_was_open_before_the_void_cannot_be_paid_after_it,
    a_payment_that_is_faster_than_the_void_wins,
    a_payment_that_is_under_way_cannot_be_voided,
    a_link_whose_payment_did_not_come_can_be_voided,
);

/// The entry of a link's timeline.
fn entry<'a>(link: &'a Value, event: &str) -> &'a Value {
    let timeline = link["timeline"].as_array().unwrap();
    timeline.iter().find(|entry| entry["event"] == event).unwrap_or_else(|| panic!("no {event}: {link}"))
}

async fn a_voided_link_cannot_be_paid(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = merchant.opens_an_order("3001").await;
    let link = merchant.makes_a_link(&order).await;

    assert_eq!(merchant.voids(&link).await.with_status(202).json()["status"], "voiding");
    merchant.sees(&link.id, "voided").await;

    assert!(buyer.opens(&link).await.with_status(410).text().contains("was withdrawn"));
    assert!(buyer.presses_pay(&link).await.with_status(303).header("location").starts_with("/p/"));
    assert!(buyer.reads_the_invoice(&link).await.with_status(303).header("location").starts_with("/p/"));
    assert_eq!(sandbox.payment_is_tried(&link).await, 409);
    assert_eq!(merchant.tag(&order).await, "none");
    merchant.asks_to_send(&link).await.problem(409, "link_not_open");
    // To void it again changes nothing, and is no error.
    assert_eq!(merchant.voids(&link).await.with_status(202).json()["status"], "voided");

    let second = merchant.makes_a_link(&order).await;
    buyer.pays(&second).await;
    merchant.sees(&second.id, "paid").await;
    assert_eq!(merchant.link(&link.id).await["status"], "voided");
}

async fn a_page_that_was_open_before_the_void_cannot_be_paid_after_it(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    let session = buyer.opens_stripe(&link).await;

    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;

    assert_eq!(sandbox.is_told("pay", &json!({"session": session})).await.0, 409);
    assert_eq!(sandbox.knows("counts").await["payments"], 0);
    // Stripe's confirmation can be proved: what, when, and by which request.
    let voided = merchant.link(&link.id).await;
    let evidence = entry(&voided, "voided")["detail"].as_str().unwrap().to_owned();
    for confirmed in
        [" is inactive at ", &format!("{session} expired at "), "no session is open at ", "no session was paid at "]
    {
        assert!(evidence.contains(confirmed), "{confirmed} is not in {evidence}");
    }
    assert_eq!(evidence.matches("(req_").count(), 4, "{evidence}");
}

async fn a_payment_that_is_faster_than_the_void_wins(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    // Stripe knows of the payment, and we do not.
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.pays(&link).await;

    assert_eq!(merchant.voids(&link).await.with_status(202).json()["status"], "voiding");

    // The void is reported as refused, and the merchant is asked to check.
    let paid = merchant.sees(&link.id, "paid").await;
    assert_eq!(paid["review"], "paid_after_void");
    let told = |event: &str| entry(&paid, event)["detail"].as_str().unwrap().to_owned();
    assert!(told("void_refused").contains("before Stripe had closed"), "{paid}");
    assert!(told("paid").contains("source = closing") && told("paid").contains("request req_"), "{paid}");
    assert!(paid["dashboard_url"].as_str().unwrap().starts_with("https://dashboard.stripe.com/test/payments/pi_"));
    assert_eq!(merchant.tag(&order).await, "paid");
    assert!(buyer.opens(&link).await.with_status(200).text().contains("is paid"));
}

async fn a_payment_that_is_under_way_cannot_be_voided(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let begun = sandbox.does("pay", json!({"url": link.stripe_url, "async": true})).await;
    merchant.sees(&link.id, "processing").await;

    merchant.voids(&link).await.problem(409, "link_processing");
    merchant.asks_to_send(&link).await.problem(409, "link_not_open");

    sandbox.does("settle", json!({"session": begun["session"], "succeed": true})).await;
    merchant.sees(&link.id, "paid").await;
    assert_eq!(merchant.tag(&order).await, "paid");
}

async fn a_link_whose_payment_did_not_come_can_be_voided(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let begun = sandbox.does("pay", json!({"url": link.stripe_url, "async": true})).await;
    merchant.sees(&link.id, "processing").await;
    sandbox.does("settle", json!({"session": begun["session"], "succeed": false})).await;
    merchant.sees(&link.id, "unpaid").await;

    merchant.voids(&link).await.with_status(202);

    merchant.sees(&link.id, "voided").await;
    assert_eq!(merchant.tag(&order).await, "none");
}
