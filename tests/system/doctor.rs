//! Missing webhooks: what they should have reported is found anyway, and the merchant reads why they are missing.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Merchant, eventually, on_both_databases};

on_both_databases!(
    a_payment_of_which_no_webhook_told_is_found,
    a_payment_that_hangs_is_asked_about,
    an_endpoint_that_is_switched_off_or_gone_is_told,
);

/// So many hours from now.
fn later(hours: i64) -> DateTime<Utc> {
    Utc::now() + TimeDelta::hours(hours)
}

/// Runs a scheduler once, this many hours from now.
fn hours_pass(app: &App, hours: i64) {
    app.passes(later(hours));
}

async fn the_health_is(merchant: &Merchant, status: &str) -> Value {
    eventually(&format!("the webhooks are {status}"), async || {
        let stripe = merchant.http.get("/v1/stripe-integration").await.with_status(200).json();
        (stripe["health"]["status"] == status).then(|| stripe["health"].clone())
    })
    .await
}

async fn a_payment_of_which_no_webhook_told_is_found(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let other = merchant.makes_a_link(&merchant.opens_an_order("9101").await).await;
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.pays(&link).await;
    let then = later(2);

    app.passes(then);

    let paid = merchant.sees(&link.id, "paid").await;
    let timeline = paid["timeline"].as_array().unwrap();
    let entry = timeline.iter().find(|entry| entry["event"] == "paid").unwrap();
    let detail = entry["detail"].as_str().unwrap();
    assert!(detail.contains("source = reconciler") && detail.contains("request req_"), "{detail}");
    assert_eq!(merchant.tag(&order).await, "paid");
    assert_eq!(merchant.link(&other.id).await["status"], "unpaid");
    let health = the_health_is(&merchant, "never_received").await;
    assert!(health["advice"].as_str().unwrap().contains("Stripe has not sent a webhook yet"), "{health}");

    // Both links were asked about, and are not asked about again, however many schedulers look.
    let nothing_is_left = async || app.operator().jobs("queued").await.is_empty().then_some(());
    let asked = async || sandbox.requests("stripe", "GET", "/v1/checkout/sessions").await.len();
    eventually("both links were asked about", nothing_is_left).await;
    assert_eq!(asked().await, 2);
    app.passes(then);
    eventually("nothing is left to do", nothing_is_left).await;
    assert_eq!(asked().await, 2);

    // Webhooks come again.
    sandbox.does("webhooks", json!({})).await;
    buyer.pays(&other).await;
    merchant.sees(&other.id, "paid").await;
    hours_pass(app, 3);
    the_health_is(&merchant, "healthy").await;
}

async fn a_payment_that_hangs_is_asked_about(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let mut begun = Vec::new();
    for number in ["9201", "9202"] {
        let link = merchant.makes_a_link(&merchant.opens_an_order(number).await).await;
        let payment = sandbox.does("pay", json!({"url": link.stripe_url, "async": true})).await;
        merchant.sees(&link.id, "processing").await;
        begun.push((link, payment["session"].clone()));
    }
    sandbox.does("webhooks", json!({"drop": true})).await;
    for ((_, session), succeed) in begun.iter().zip([true, false]) {
        sandbox.does("settle", json!({"session": session, "succeed": succeed})).await;
    }

    hours_pass(app, 2);

    merchant.sees(&begun[0].0.id, "paid").await;
    merchant.sees(&begun[1].0.id, "unpaid").await;
    the_health_is(&merchant, "events_missing").await;
}

async fn an_endpoint_that_is_switched_off_or_gone_is_told(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let listed = sandbox.at_stripe(Method::GET, "webhook_endpoints", &[]).await;
    let endpoint = format!("webhook_endpoints/{}", listed["data"][0]["id"].as_str().unwrap());

    sandbox.at_stripe(Method::POST, &endpoint, &[("disabled", "true")]).await;
    hours_pass(app, 1);
    let health = the_health_is(&merchant, "endpoint_disabled").await;
    assert!(health["advice"].as_str().unwrap().contains("Enable it"), "{health}");

    sandbox.at_stripe(Method::POST, &endpoint, &[("disabled", "false"), ("enabled_events[]", "charge.refunded")]).await;
    hours_pass(app, 2);
    the_health_is(&merchant, "events_missing").await;

    sandbox.at_stripe(Method::DELETE, &endpoint, &[]).await;
    hours_pass(app, 3);
    the_health_is(&merchant, "endpoint_missing").await;
}
