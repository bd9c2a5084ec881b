//! Events of Stripe about what is not ours, and those that an older registration does not send.

use reqwest::Method;
use serde_json::json;

use super::money::everything_is_applied;
use crate::support::{App, STRIPE_KEY, StripeEvent, eventually, on_both_databases};

on_both_databases!(
    what_other_software_does_is_recorded_and_ignored_at_once,
    an_endpoint_that_was_registered_before_gets_the_new_events,
);

async fn what_other_software_does_is_recorded_and_ignored_at_once(app: &mut App) {
    let theirs = [
        json!({"id": "evt_other_1", "type": "charge.dispute.created", "created": 1_780_000_000, "data": {"object": {
            "id": "du_other", "payment_intent": null, "charge": "ch_other", "status": "needs_response"}}}),
        json!({"id": "evt_other_2", "type": "charge.dispute.created", "created": 1_780_000_000, "data": {"object": {
            "id": "du_other_2", "payment_intent": "pi_other", "status": "lost", "created": 1_780_000_000}}}),
        json!({"id": "evt_other_3", "type": "refund.created", "created": 1_780_000_000, "data": {"object": {
            "id": "re_other", "payment_intent": "pi_other", "amount": 1, "currency": "bhd", "status": "pending"}}}),
        json!({"id": "evt_other_4", "type": "refund.failed", "created": 1_780_000_000, "data": {"object": {
            "id": "re_other_2", "payment_intent": null, "amount": 1, "currency": "xyz", "status": "failed"}}}),
        json!({"id": "evt_other_5", "type": "charge.refunded", "created": 1_780_000_000, "data": {"object": {
            "payment_intent": null, "amount_refunded": 5, "currency": "usd", "metadata": null}}}),
        json!({"id": "evt_other_6", "type": "checkout.session.completed", "created": 1_780_000_000, "data": {"object": {
            "id": "cs_other", "payment_link": null, "payment_intent": null, "payment_status": "paid", "mode": "subscription",
            "amount_total": null, "currency": null, "metadata": null}}}),
        json!({"id": "evt_other_7", "type": "charge.dispute.created", "created": -8_000_000_000_000_i64, "data": {"object": {
            "id": "du_other_7", "payment_intent": "pi_other", "status": "lost", "created": i64::MIN,
            "evidence_details": {"due_by": i64::MAX}}}}),
        json!({"id": "evt_thin_1", "object": "v2.core.event", "type": "v2.core.event_destination.ping", "livemode": false,
            "created": "2026-11-26T12:00:00.000Z",
            "related_object": {"id": "ed_test_1", "type": "event_destination", "url": "/v2/core/event_destinations/ed_test_1"}}),
        json!({"id": "evt_thin_2", "object": "v2.core.event", "type": "checkout.session.completed", "created": "2026-11-26T12:00:00.000Z"}),
    ];
    for event in &theirs {
        app.is_told(&StripeEvent::other(event.clone())).await.with_status(200);
    }
    everything_is_applied(app).await;
    let listed = app.merchant().http.get("/v1/webhook-events?limit=100").await.with_status(200).json();
    for event in theirs {
        let known = listed["items"].as_array().unwrap().iter().find(|known| known["external_id"] == event["id"]);
        assert_eq!(known.unwrap_or_else(|| panic!("{event} is not in {listed}"))["state"], "ignored", "{event}");
    }
    for attempt in app.rows().await.lines().filter(|line| line.contains("process_stripe_event")) {
        assert!(!attempt.contains("retry"), "{attempt}");
    }
    // Events about payments that never become ours are deleted.
    app.passes(chrono::Utc::now() + chrono::TimeDelta::days(4));
    assert!(!app.rows().await.contains("du_other_2"));
}

async fn an_endpoint_that_was_registered_before_gets_the_new_events(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    merchant
        .http
        .put("/v1/stripe-integration", &json!({"secret_key": STRIPE_KEY, "register_webhook": true}))
        .await
        .with_status(202);
    eventually("it is registered", async || {
        let known = merchant.http.get("/v1/stripe-integration").await.json();
        (known["webhook_endpoint"]["status"] == "registered").then_some(())
    })
    .await;
    let endpoint = || async { sandbox.at_stripe(Method::GET, "webhook_endpoints", &[]).await["data"][0].clone() };
    let made = endpoint().await;
    assert_eq!(made["api_version"], "2026-10-28.endive", "{made}");
    // As an earlier version registered it, and a person added to.
    let path = format!("webhook_endpoints/{}", made["id"].as_str().unwrap());
    let before = [("enabled_events[0]", "charge.refunded"), ("enabled_events[1]", "charge.expired")];
    sandbox.at_stripe(Method::POST, &path, &before).await;

    app.passes(chrono::Utc::now() + chrono::TimeDelta::hours(1));

    let complete = eventually("it gets the new events", async || {
        let events = endpoint().await["enabled_events"].to_string();
        events.contains("refund.failed").then_some(events)
    })
    .await;
    for event in ["charge.expired", "checkout.session.completed", "refund.created", "charge.dispute.updated"] {
        assert!(complete.contains(event), "{complete}");
    }
}
