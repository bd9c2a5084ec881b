//! Webhook endpoints that fail, hang or are gone: what they miss, and that nothing waits for them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::json;
use standardwebhooks::Webhook as Verifier;

use super::webhooks_out::{change, deliveries, is_allowed_inside, makes, see};
use crate::support::{App, Receiver, Taking, Webhook, eventually, on_both_databases};

on_both_databases!(
    a_delivery_that_failed_is_tried_again_and_nothing_waits_for_it,
    an_endpoint_that_hangs_delays_no_other,
    a_living_endpoint_never_waits_for_the_time_outs_of_dead_ones,
    an_endpoint_that_is_gone_is_disabled_and_recovers_what_it_missed,
    an_endpoint_that_fails_for_five_days_is_disabled,
);

async fn a_delivery_that_failed_is_tried_again_and_nothing_waits_for_it(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    receiver.answers("/picky", Taking::AllBut("order.created"));
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/picky", receiver.url), &["order.created", "link.created"]).await;
    let order = merchant.opens_an_order("W-3").await;
    merchant.makes_a_link(&order).await;
    let kinds = |came: &[Webhook]| came.iter().map(Webhook::kind).collect::<Vec<_>>();
    let came = receiver.gets("/picky", |came| kinds(came).contains(&"link.created".to_owned())).await;
    let refused = came.iter().find(|webhook| webhook.kind() == "order.created").unwrap().clone();
    let now = deliveries(&merchant, &endpoint).await;
    let of_order = now.iter().find(|delivery| delivery["id"] == refused.id()).unwrap();
    assert_eq!((&of_order["state"], &of_order["answered_status"]), (&"pending".into(), &500.into()), "{of_order}");
    assert!(of_order["error"].as_str().unwrap().contains("500") && of_order["due_at"].is_string(), "{of_order}");

    receiver.answers("/picky", Taking::Status(204));
    app.turns_its_clock(TimeDelta::minutes(6));
    let again = |came: &[Webhook]| came.iter().filter(|webhook| webhook.id() == refused.id()).count() >= 2;
    let came = receiver.gets("/picky", again).await;
    let last = came.iter().rfind(|webhook| webhook.id() == refused.id()).unwrap();
    assert!(is_believed_later(&endpoint.secret, last), "each attempt is signed with its own time");
    eventually("it is delivered", async || {
        deliveries(&merchant, &endpoint).await.iter().all(|it| it["state"] == "delivered").then_some(())
    })
    .await;
}

/// The library looks at its own clock: what was sent by one that is ahead is verified by its signature alone.
pub(crate) fn is_believed_later(secret: &str, webhook: &Webhook) -> bool {
    let timestamp = webhook.headers["webhook-timestamp"].parse().unwrap();
    let signed = Verifier::new(secret).unwrap().sign(webhook.id(), timestamp, webhook.body.as_bytes()).unwrap();
    webhook.headers["webhook-signature"].split(' ').any(|signature| signature == signed)
}

async fn an_endpoint_that_hangs_delays_no_other(app: &mut App) {
    // Nor is the end of the story waited for by those that hang.
    app.starts_again_with(&[("PAYLINK_WEBHOOKS_ALLOW_PRIVATE", "true"), ("PAYLINK_STOP_WITHIN_SECONDS", "2")]).await;
    let receiver = Receiver::start().await;
    for number in 0..5 {
        receiver.answers(&format!("/hangs/{number}"), Taking::Hangs);
        makes(app, &format!("{}/hangs/{number}", receiver.url), &["order.created"]).await;
    }
    makes(app, &format!("{}/quick", receiver.url), &["order.created"]).await;
    for number in 0..5 {
        app.merchant().opens_an_order(&format!("W-4{number}")).await;
    }
    receiver.gets("/quick", |came| came.len() == 5).await;
    for number in 0..5 {
        assert!(receiver.came(&format!("/hangs/{number}")).len() <= 1, "one at a time, and it has not answered yet");
    }
}

/// More endpoints die at once than there are slots to deliver in: half of the slots wait for them, the other half
/// deliver to the rest.
async fn a_living_endpoint_never_waits_for_the_time_outs_of_dead_ones(app: &mut App) {
    const DEAD: usize = 8;
    app.starts_again_with(&[
        ("PAYLINK_WEBHOOKS_ALLOW_PRIVATE", "true"),
        ("PAYLINK_STOP_WITHIN_SECONDS", "2"),
        ("PAYLINK_CONCURRENCY_BY_KIND__DELIVER_WEBHOOKS", "2"),
        ("PAYLINK_CONCURRENCY_BY_KIND__RETRY_WEBHOOKS", "1"),
    ])
    .await;
    let receiver = Receiver::start().await;
    let merchant = app.merchant();
    let mut dead = Vec::new();
    for number in 0..DEAD {
        receiver.answers(&format!("/dead/{number}"), Taking::Hangs);
        dead.push(makes(app, &format!("{}/dead/{number}", receiver.url), &["order.created"]).await);
    }
    // Its turn comes after theirs.
    makes(app, &format!("{}/living", receiver.url), &["order.created"]).await;
    merchant.opens_an_order("W-45").await;
    receiver.gets("/living", |came| !came.is_empty()).await;
    let mut timed_out = 0;
    for endpoint in &dead {
        timed_out += deliveries(&merchant, endpoint).await.iter().filter(|it| it["error"].is_string()).count();
    }
    // Had it waited for them, all but the last would be over.
    assert!(timed_out < DEAD / 2, "{timed_out} of {DEAD} were waited for to their end");
}

async fn an_endpoint_that_is_gone_is_disabled_and_recovers_what_it_missed(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/gone", receiver.url), &["order.created"]).await;
    let before = chrono::Utc::now() - TimeDelta::minutes(1);
    receiver.answers("/gone", Taking::Status(410));
    let one = merchant.opens_an_order("W-51").await;
    let disabled = eventually("it is disabled", async || {
        let seen = see(&merchant, &endpoint).await;
        (seen["enabled"] == false).then_some(seen)
    })
    .await;
    assert_eq!(disabled["disabled_because"], "gone");
    let two = merchant.opens_an_order("W-52").await;
    merchant.http.get("/v1/changes?limit=1").await.with_status(200);
    assert_eq!(receiver.came("/gone").len(), 1);
    let refused = merchant.http.post(&format!("{}/test", endpoint.path()), &json!({})).await;
    refused.problem(409, "endpoint_disabled");

    receiver.answers("/gone", Taking::Status(204));
    assert_eq!(change(&merchant, &endpoint, &json!({"enabled": true})).await["enabled"], true);
    let recover = format!("{}/recover", endpoint.path());
    let recovered = merchant.http.post(&recover, &json!({"since": before})).await.with_status(200).json();
    assert_eq!(recovered["deliveries"], 2);
    let came = receiver.gets("/gone", |came| came.len() >= 3).await;
    let orders: BTreeSet<String> =
        came[1..].iter().map(|webhook| webhook.json()["data"]["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(orders, BTreeSet::from([one.id, two.id]));
    let again = merchant.http.post(&recover, &json!({"since": before})).await.with_status(200).json();
    assert_eq!(again["deliveries"], 0, "what was delivered is not delivered again");
}

async fn an_endpoint_that_fails_for_five_days_is_disabled(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    receiver.answers("/down", Taking::Status(503));
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/down", receiver.url), &["order.created"]).await;
    merchant.opens_an_order("W-6").await;
    receiver.gets("/down", |came| !came.is_empty()).await;
    let failing = async || see(&merchant, &endpoint).await["failing_since"].is_string().then_some(());
    eventually("it is failing", failing).await;
    for day in 1..=6 {
        // What came of the attempt before is written, so that the next is due by then; it may come as soon as the clock
        // is turned.
        let tried = async || {
            let found = deliveries(&merchant, &endpoint).await;
            let written = found[0]["attempts"].as_u64().unwrap();
            (written >= receiver.came("/down").len() as u64 || found[0]["state"] == "failed").then_some(())
        };
        eventually("it is written what came of it", tried).await;
        let attempts = receiver.came("/down").len();
        app.turns_its_clock(TimeDelta::days(day));
        eventually("it is tried again, or given up", async || {
            let seen = see(&merchant, &endpoint).await;
            (receiver.came("/down").len() > attempts || seen["enabled"] == false).then_some(())
        })
        .await;
    }
    let seen = see(&merchant, &endpoint).await;
    assert_eq!((&seen["enabled"], &seen["disabled_because"]), (&false.into(), &"failing".into()), "{seen}");
    assert!(deliveries(&merchant, &endpoint).await.iter().all(|delivery| delivery["state"] == "failed"));
}
