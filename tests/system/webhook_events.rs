//! Received webhooks, as the merchant sees them, and how they are replayed.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Http, StripeEvent, eventually, on_both_databases, sign};

on_both_databases!(
    a_merchant_sees_what_came_in_and_what_became_of_it,
    an_event_that_was_applied_can_be_replayed_and_changes_nothing,
    of_a_long_event_that_was_applied_nothing_is_kept,
    an_event_that_failed_is_replayed_from_the_command_line,
);

/// Sends an event as Stripe would, and waits until it has this state.
async fn is_told(app: &App, event: &Value, state: &str) -> Value {
    let body = event.to_string();
    let signature = sign(&app.hello.webhook_secret, Utc::now().timestamp(), &body);
    let post = app.anybody().request(Method::POST, &format!("/webhooks/stripe/{}", app.hello.merchant_id));
    app.anybody().ask(post.header("Stripe-Signature", signature).body(body)).await.with_status(200);
    has_state(&app.merchant().http, event["id"].as_str().unwrap(), state).await
}

async fn has_state(merchant: &Http, external_id: &str, state: &str) -> Value {
    eventually("the event has its state", async || {
        let events = merchant.whole_list("/v1/webhook-events", 100).await;
        events.into_iter().find(|event| event["external_id"] == external_id && event["state"] == state)
    })
    .await
}

/// An event that means nothing to us.
fn nothing(id: &str) -> Value {
    json!({"id": id, "type": "customer.created", "data": {"object": {}}})
}

/// An event that cannot be what its type says.
fn broken(id: &str) -> Value {
    json!({"id": id, "type": "charge.refunded", "data": {"object": {"amount_refunded": "a lot"}}})
}

/// Discards the dead jobs, as an operator does who has seen why.
async fn operator_clears_the_table(app: &App) {
    for job in app.operator().jobs("dead").await {
        let path = format!("/v1/admin/jobs/{}/discard", job["id"].as_str().unwrap());
        app.operator().0.post(&path, &json!({"reason": "seen"})).await.with_status(200);
    }
}

async fn a_merchant_sees_what_came_in_and_what_became_of_it(app: &mut App) {
    let merchant = app.merchant();
    for number in 0..3 {
        is_told(app, &nothing(&format!("evt_nothing_{number}")), "ignored").await;
    }
    let failed = is_told(app, &broken("evt_broken"), "failed").await;
    operator_clears_the_table(app).await;

    let get = async |query: &str| {
        let page = merchant.http.get(&format!("/v1/webhook-events{query}")).await.with_status(200).json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["external_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(get("?type=charge.refunded").await, ["evt_broken"]);
    assert_eq!(get("?state=failed&source=stripe").await, ["evt_broken"]);
    assert_eq!(get("?state=ignored&limit=2").await, ["evt_nothing_2", "evt_nothing_1"]);
    assert_eq!(get("?source=sms").await, Vec::<String>::new());
    assert_eq!(merchant.http.whole_list("/v1/webhook-events", 2).await.len(), 4);
    merchant.http.get("/v1/webhook-events?state=lost").await.problem(422, "invalid_input");

    let path = format!("/v1/webhook-events/{}", failed["id"].as_str().unwrap());
    let seen = merchant.http.get(&path).await.with_status(200).json();
    assert_eq!(seen, failed);
    assert_eq!((seen["type"].as_str(), seen["source"].as_str()), (Some("charge.refunded"), Some("stripe")));
    assert!(!seen["error"].as_str().unwrap().is_empty());

    let ignored = has_state(&merchant.http, "evt_nothing_0", "ignored").await;
    assert_eq!(ignored["replayable"], false);
    let replay = format!("/v1/webhook-events/{}/replay", ignored["id"].as_str().unwrap());
    merchant.http.post(&replay, &json!({})).await.problem(409, "event_erased");

    let stranger = app.operator().makes_a_merchant("A Florist").await;
    stranger.http.get(&path).await.problem(404, "not_found");
    stranger.http.post(&format!("{path}/replay"), &json!({})).await.problem(404, "not_found");
    assert!(stranger.http.whole_list("/v1/webhook-events", 100).await.is_empty());
}

async fn of_a_long_event_that_was_applied_nothing_is_kept(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let event = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_long", "paid");
    let padding = "x".repeat(64 * 1024);
    let event = event.with("padding", padding.as_str().into());
    app.is_told(&event).await.with_status(200);
    merchant.sees(&link.id, "paid").await;
    let applied = eventually("it was applied", async || {
        let page = merchant.http.get("/v1/webhook-events?state=applied").await.json();
        page["items"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!((applied["link_id"].as_str(), applied["replayable"].as_bool()), (Some(link.id.as_str()), Some(false)));
    let replay = format!("/v1/webhook-events/{}/replay", applied["id"].as_str().unwrap());
    merchant.http.post(&replay, &json!({})).await.problem(409, "event_erased");
    assert!(!app.rows().await.contains(&padding));

    // After 90 days the event is gone altogether. Told once more, it changes nothing.
    app.passes(Utc::now() + TimeDelta::days(91));
    assert!(merchant.http.whole_list("/v1/webhook-events", 100).await.is_empty());
    let purged = eventually("the link is purged", async || {
        let link = merchant.link(&link.id).await;
        link["purged_at"].is_string().then_some(link)
    })
    .await;
    app.is_told(&event).await.with_status(200);
    has_state(&merchant.http, applied["external_id"].as_str().unwrap(), "applied").await;
    assert_eq!(merchant.link(&link.id).await, purged);
}

async fn an_event_that_was_applied_can_be_replayed_and_changes_nothing(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let link = merchant.makes_a_link(&app.order()).await;
    buyer.pays(&link).await;
    let paid = merchant.sees(&link.id, "paid").await;
    let applied = eventually("the payment was applied", async || {
        let page = merchant.http.get("/v1/webhook-events?type=checkout.session.completed&state=applied").await.json();
        page["items"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!((applied["link_id"].as_str(), applied["replayable"].as_bool()), (Some(link.id.as_str()), Some(true)));

    let path = format!("/v1/webhook-events/{}", applied["id"].as_str().unwrap());
    let accepted = merchant.http.post(&format!("{path}/replay"), &json!({})).await.with_status(202);
    assert_eq!(accepted.header("Location"), path);
    assert_eq!(accepted.json()["state"], "received");

    let again = has_state(&merchant.http, applied["external_id"].as_str().unwrap(), "applied").await;
    assert!(again["applied_at"].as_str() > applied["applied_at"].as_str(), "{again} is not later than {applied}");
    assert_eq!(again["link_id"], applied["link_id"]);
    assert_eq!(merchant.link(&link.id).await, paid);
    assert!(app.rows().await.contains("webhook_event.replay"), "the audit log does not say so");
}

async fn an_event_that_failed_is_replayed_from_the_command_line(app: &mut App) {
    let failed = is_told(app, &broken("evt_broken"), "failed").await;
    is_told(app, &nothing("evt_nothing"), "ignored").await;
    operator_clears_the_table(app).await;
    let id = failed["id"].as_str().unwrap();
    let merchant = app.hello.merchant_id.clone();
    let replays = |from: TimeDelta, to: TimeDelta, more: &[&str]| {
        let [from, to] = [from, to].map(|offset| (Utc::now() + offset).to_rfc3339());
        let mut arguments = vec!["events", "replay", "--merchant", &merchant, "--from", &from, "--to", &to];
        arguments.extend(more);
        let output = app.runs(&arguments);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (hour, never) = (TimeDelta::hours(1), TimeDelta::zero());

    let (succeeded, said) = replays(-hour, hour, &["--dry-run"]);
    assert!(succeeded && said.contains(id) && said.ends_with("1 would be replayed\n"), "{said}");
    assert_eq!(replays(-hour * 3, -hour, &[]), (true, "0 replayed\n".to_owned()));
    assert_eq!(replays(-hour, hour, &["--state", "applied"]), (true, "0 replayed\n".to_owned()));
    assert!(!replays(hour, never, &[]).0, "a span that ends before it begins was taken");
    assert_eq!(app.operator().jobs("dead").await.len(), 0);

    assert_eq!(replays(-hour, hour, &["--reason", "try it"]), (true, "1 replayed\n".to_owned()));

    // It is as broken as before; its new job says so.
    eventually("it has failed again", async || (app.operator().jobs("dead").await.len() == 1).then_some(())).await;
    has_state(&app.merchant().http, "evt_broken", "failed").await;
    let rows = app.rows().await;
    assert!(rows.contains("webhook_event.replay") && rows.contains("try it"), "the audit log does not say so");

    // What no database takes is not tried again, and does not reach the events of others.
    for (number, id) in ["re\0", &"x".repeat(256)].into_iter().enumerate() {
        let object = json!({"id": id, "payment_intent": "pi_1", "amount": 1, "currency": "usd", "status": "succeeded"});
        let refund =
            json!({"id": format!("evt_refund_{number}"), "type": "refund.created", "data": {"object": object}});
        is_told(app, &refund, "failed").await;
    }
    operator_clears_the_table(app).await;
}
