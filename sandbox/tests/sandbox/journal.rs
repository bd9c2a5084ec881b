//! What survives the end of the process. Each test starts a second sandbox from what the first had written at some
//! moment, which is what is left after `kill -9`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    receiver::Receiver,
    world::{BUYER, LINK, NUMBER, World, send},
};

/// The journal as it is on disk now.
fn snapshot(folder: &Path) -> PathBuf {
    let copy = folder.join("copy");
    std::fs::copy(folder.join("journal"), &copy).unwrap();
    copy
}

#[tokio::test]
async fn links_sessions_texts_orders_and_the_log_survive() {
    let folder = tempfile::tempdir().unwrap();
    let first = World::with_journal(Some(folder.path().join("journal"))).await;
    let link = send(first.stripe_post_with_key("link:1:1", "/v1/payment_links", &LINK)).await.unwrap();
    let session = first.control("/open", json!({ "url": link.json()["url"] })).await.json();
    first.control("/sms/reports", json!({ "automatic": false })).await;
    let text = [("To", BUYER), ("From", NUMBER), ("Body", "Hello"), ("StatusCallback", "http://127.0.0.1:9/")];
    assert_eq!(first.text(&text).await.status, 201);
    first.control("/sms/incoming", json!({ "from": BUYER, "body": "STOP" })).await;
    first.control("/fail", json!({ "service": "sms", "times": 1, "mode": "status", "status": 503 })).await;
    let log = first.items("/requests").await;

    let second = World::with_journal(Some(snapshot(folder.path()))).await;

    assert_eq!(second.items("/requests").await, log);
    let again = send(second.stripe_post_with_key("link:1:1", "/v1/payment_links", &LINK)).await.unwrap();
    assert_eq!(again.text, link.text);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(second.items("/sms/outbox").await, first.items("/sms/outbox").await);
    assert_eq!(second.text(&text).await.status, 503);
    assert_eq!(second.text(&text).await.json()["code"], 21610);
    assert_eq!(second.control("/pay", json!({ "session": session["session"] })).await.status, 200);
    assert_eq!(second.control("/pay", json!({ "session": session["session"] })).await.status, 409);
}

#[tokio::test]
async fn a_webhook_that_was_pending_is_delivered_after_the_restart_and_what_was_delivered_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start().await;
    let first = World::with_journal(Some(folder.path().join("journal"))).await;
    first.send_events_to(&receiver).await;
    let mut events = Vec::new();
    for status in [200, 500] {
        receiver.answer(status);
        let link = first.link().await;
        events.push(first.control("/pay", json!({ "url": link["url"] })).await.json()["event"].clone());
        assert_eq!(receiver.next().await.event()["id"], events[events.len() - 1]);
        while status == 200 && first.items("/webhooks").await[0]["state"] != "delivered" {
            tokio::task::yield_now().await;
        }
    }
    first.sandbox.stop().await;
    receiver.waiting();
    receiver.answer(200);

    let second = World::with_journal(Some(snapshot(folder.path()))).await;

    assert_eq!(receiver.next().await.event()["id"], events[1]);
    while second.items("/webhooks").await.iter().any(|delivery| delivery["state"] == "pending") {
        tokio::task::yield_now().await;
    }
    assert_eq!(receiver.waiting(), 0);
}

#[tokio::test]
async fn a_text_on_its_way_arrives_after_the_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start().await;
    let first = World::with_journal(Some(folder.path().join("journal"))).await;
    let text = [("To", BUYER), ("From", NUMBER), ("Body", "Hello"), ("StatusCallback", &receiver.url)];
    let sid = first.text(&text).await.json()["sid"].clone();
    first.sandbox.stop().await;

    let second = World::with_journal(Some(snapshot(folder.path()))).await;

    while receiver.next().await.field("MessageStatus").as_deref() != Some("delivered") {}
    let path = format!("/Messages/{}.json", sid.as_str().unwrap());
    let message = send(second.sms(Method::GET, &path)).await.unwrap().json();
    assert_eq!(message["status"], "delivered");
}

/// A copy of the journal in which everything happened so much earlier.
fn aged(folder: &Path, by: TimeDelta) -> PathBuf {
    fn age(value: &mut Value, by: TimeDelta) {
        match value {
            Value::String(text) => {
                if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
                    *text = (moment.to_utc() - by).to_rfc3339();
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| age(value, by)),
            Value::Object(fields) => fields.values_mut().for_each(|value| age(value, by)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let copy = snapshot(folder);
    let text = std::fs::read_to_string(&copy).unwrap();
    let lines = text.lines().map(|line| {
        let mut line = serde_json::from_str(line).unwrap();
        age(&mut line, by);
        format!("{line}\n")
    });
    std::fs::write(&copy, lines.collect::<String>()).unwrap();
    copy
}

#[tokio::test]
async fn after_a_day_a_key_is_forgotten_and_a_page_that_was_open_expires() {
    let folder = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::start().await;
    let first = World::with_journal(Some(folder.path().join("journal"))).await;
    first.send_events_to(&receiver).await;
    let link = send(first.stripe_post_with_key("link:1:1", "/v1/payment_links", &LINK)).await.unwrap();
    let session = first.control("/open", json!({ "url": link.json()["url"] })).await.json();

    let second = World::with_journal(Some(aged(folder.path(), TimeDelta::hours(25)))).await;

    let event = receiver.next().await.event();
    assert_eq!(event["type"], "checkout.session.expired");
    assert_eq!(event["data"]["object"]["id"], session["session"]);
    assert_eq!(second.control("/pay", json!({ "session": session["session"] })).await.status, 409);
    let again = send(second.stripe_post_with_key("link:1:1", "/v1/payment_links", &LINK)).await.unwrap();
    assert_eq!(again.header("idempotent-replayed"), None);
    assert_ne!(again.json()["id"], link.json()["id"]);
}

#[tokio::test]
async fn a_sandbox_that_was_stopped_starts_again_at_the_same_address() {
    let first = World::start().await;
    let url = first.sandbox.url().to_owned();
    let listen = url.trim_start_matches("http://").parse().unwrap();
    first.link().await;
    first.sandbox.stop().await;

    let second = sandbox::Sandbox::start(sandbox::SandboxOptions { listen, ..sandbox::SandboxOptions::default() })
        .await
        .unwrap();

    assert_eq!(second.url(), url);
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    std::fs::write(&path, "once upon a time\n").unwrap();
    let options = sandbox::SandboxOptions { journal: Some(path), ..sandbox::SandboxOptions::default() };

    let error = sandbox::Sandbox::start(options).await.unwrap_err();

    assert!(matches!(error, sandbox::SandboxError::Journal(_)), "{error}");
}
