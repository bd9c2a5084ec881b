//! Misbehaving carriers: whatever they do, there is at most one text for each command, and credits add up.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Database, Merchant, eventually, on_both_databases};

on_both_databases!(
    of_many_texts_with_credits_for_half_of_them_half_are_taken,
    reports_that_contradict_each_other_settle_once,
    a_storm_of_refusals_sends_each_text_once,
);

on_both_databases!(killed: a_crash_around_the_wire_never_sends_twice);

/// Runs a story with credits that wait for reports.
macro_rules! with_credits_that_wait {
    ($($story:ident),+ $(,)?) => { $(
        mod $story {
            use super::*;

            #[tokio::test]
            async fn on_sqlite() {
                super::$story(&mut App::start_with(Database::sqlite(), &released()).await).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                super::$story(&mut App::start_with(Database::postgresql().await, &released()).await).await;
            }
        }
    )+ };
}

with_credits_that_wait!(what_was_not_delivered_is_given_back_where_that_is_the_rule);

fn released() -> [(&'static str, String); 1] {
    [("PAYLINK_UNDELIVERED_CREDITS", "released".to_owned())]
}

/// A conversation in which texts can be written.
async fn a_conversation(merchant: &Merchant, number: &str) -> (String, String) {
    let order = merchant.opens_an_order(number).await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "sent").await;
    let conversation = merchant.conversation_with(&order.phone).await;
    (format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap()), order.phone)
}

/// How many, and for how many of them there are credits.
const MANY: usize = 300;
const HALF: usize = MANY / 2;

async fn of_many_texts_with_credits_for_half_of_them_half_are_taken(app: &mut App) {
    let (operator, sandbox) = (app.operator(), app.sandbox());
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let merchant = operator.makes_a_merchant("A Florist").await;
    app.connects(&merchant).await;
    operator.tops_up(&merchant, i64::try_from(1 + HALF).unwrap()).await;
    let (path, phone) = a_conversation(&merchant, "6101").await;

    let mut counts = std::collections::BTreeMap::new();
    let write = async |number: usize| loop {
        let body = json!({"body": format!("text {number}")});
        let post = merchant.http.request(Method::POST, &path).header("Idempotency-Key", number).json(&body);
        // Where so much else goes on that its turn does not come, it is told so, and asks again under its key.
        // A merchant may ask for 500 things in a second, and whoever is told to wait does.
        match merchant.http.ask(post).await.status {
            503 => {}
            429 => tokio::time::sleep(Duration::from_millis(500)).await,
            status => break status,
        }
    };
    // All of them are under way at once, each on a connection of its own, together with the jobs of those that were
    // taken.
    for status in join_all((0..MANY).map(write)).await {
        *counts.entry(status).or_insert(0) += 1;
    }

    assert_eq!(counts, [(202, HALF), (402, HALF)].into());
    eventually("all are with the carrier", async || (merchant.credits().await == (0, 0)).then_some(())).await;
    assert_eq!(sandbox.texts_to(&phone).await.len(), 1 + HALF);
    let ledger = merchant.ledger().await;
    assert_eq!(ledger.iter().filter(|kind| *kind == "capture").count(), 1 + HALF);
}

async fn reports_that_contradict_each_other_settle_once(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let manner = json!({"service": "sms", "duplicate": 2, "shuffle": true});
    sandbox.does("webhooks", manner).await;
    let mut messages = Vec::new();
    for number in ["6110", "6111", "6112", "6113"] {
        let order = merchant.opens_an_order(number).await;
        let link = merchant.makes_a_link(&order).await;
        // The answer comes after its reports, or not at all.
        if number != "6113" {
            sandbox.fails(json!({"service": "sms", "times": 1, "mode": "reset_after", "method": "POST"})).await;
        }
        messages.push((merchant.sends(&link).await, order.phone));
    }
    for (message, phone) in &messages {
        merchant.sees_message(message, "delivered").await;
        let texts = sandbox.texts_to(phone).await;
        assert_eq!(texts.len(), 1);
        for status in ["undelivered", "failed", "sent", "queued", "delivered"] {
            sandbox.does("sms/report", json!({"sid": texts[0]["sid"], "status": status})).await;
        }
    }
    sandbox.has_told_everything().await;
    eventually("every report is read", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;

    for (message, phone) in &messages {
        assert_eq!(merchant.message(message).await["status"], "delivered");
        assert_eq!(sandbox.texts_to(phone).await.len(), 1);
    }
    assert_eq!(merchant.credits().await, (96, 0));
    assert_eq!(merchant.ledger().await.iter().filter(|kind| *kind == "capture").count(), 4);
}

async fn a_storm_of_refusals_sends_each_text_once(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    sandbox.fails(json!({"service": "sms", "times": 10, "mode": "status", "status": 429, "method": "POST"})).await;
    let mut messages = Vec::new();
    for number in 0..5 {
        let order = merchant.opens_an_order(&format!("6120-{number}")).await;
        let link = merchant.makes_a_link(&order).await;
        messages.push((merchant.sends(&link).await, order.phone));
    }
    for (message, phone) in &messages {
        merchant.sees_message(message, "delivered").await;
        assert_eq!(sandbox.texts_to(phone).await.len(), 1);
    }
    assert_eq!(merchant.credits().await, (95, 0));
    assert_eq!(sandbox.requests("sms", "POST", "/Messages.json").await.len(), 15);
}

async fn a_crash_around_the_wire_never_sends_twice(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    // A report would tell what became of a text before we crash.
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let mut messages = Vec::new();
    // Before its effect, and after it.
    for (number, mode) in [("6130", "hang"), ("6131", "hang_after")] {
        let order = merchant.opens_an_order(number).await;
        let link = merchant.makes_a_link(&order).await;
        sandbox.fails(json!({"service": "sms", "times": 1, "mode": mode, "method": "POST"})).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "sending").await;
        messages.push((message, order.phone));
    }
    eventually("both have left", async || {
        (sandbox.requests("sms", "POST", "/Messages.json").await.len() == 2).then_some(())
    })
    .await;

    app.is_killed_and_started_again().await;

    let sandbox = app.sandbox();
    merchant.sees_message(&messages[1].0, "sent").await;
    let unknown = merchant.sees_message(&messages[0].0, "unknown").await;
    assert_eq!(unknown["credits"], 1);
    assert_eq!(sandbox.texts_to(&messages[0].1).await.len(), 0);
    assert_eq!(sandbox.texts_to(&messages[1].1).await.len(), 1);
    assert_eq!(merchant.credits().await, (98, 1));
    let resolved = app.runs(&["messages", "resolve", &messages[0].0, "--failed", "--reason", "the carrier has none"]);
    assert!(resolved.status.success(), "{resolved:?}");
    assert_eq!(merchant.credits().await, (99, 0));
}

async fn what_was_not_delivered_is_given_back_where_that_is_the_rule(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let mut sent: Vec<(String, Value)> = Vec::new();
    for number in ["6140", "6141", "6142"] {
        let order = merchant.opens_an_order(number).await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "sent").await;
        sent.push((message, sandbox.texts_to(&order.phone).await[0]["sid"].clone()));
    }
    assert_eq!(merchant.credits().await, (97, 3));

    sandbox.does("sms/report", json!({"sid": sent[0].1, "status": "undelivered", "error_code": 30003})).await;
    sandbox.does("sms/report", json!({"sid": sent[1].1, "status": "delivered"})).await;
    merchant.sees_message(&sent[0].0, "undelivered").await;
    merchant.sees_message(&sent[1].0, "delivered").await;
    assert_eq!(merchant.credits().await, (98, 1));
    let mut ledger = merchant.ledger().await.split_off(4);
    ledger.sort();
    assert_eq!(ledger, ["capture", "release"]);

    // The third gets no report.
    app.passes(chrono::Utc::now() + chrono::TimeDelta::days(4));
    assert_eq!(merchant.credits().await, (98, 0));
    sandbox.does("sms/report", json!({"sid": sent[2].1, "status": "undelivered"})).await;
    merchant.sees_message(&sent[2].0, "undelivered").await;
    assert_eq!(merchant.credits().await, (98, 0));
}
