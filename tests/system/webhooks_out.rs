//! Our webhooks to merchants' own systems, by the Standard Webhooks specification.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::Path,
    process::Command,
};

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook as Verifier;

use crate::support::{App, Merchant, Receiver, Taking, Webhook, eventually, on_both_databases};

on_both_databases!(
    a_webhook_tells_what_has_happened_and_is_verified_by_the_specifications_library,
    the_numbers_show_that_nothing_is_missing_and_the_order_is_kept,
    what_began_earlier_and_was_numbered_later_comes_in_the_order_of_the_numbers,
    a_copy_made_of_webhooks_that_were_refused_doubled_and_shuffled_is_right,
);

/// An endpoint that a merchant has made.
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Endpoint {
    pub(crate) fn path(&self) -> String {
        format!("/v1/webhook-endpoints/{}", self.id)
    }
}

pub(crate) async fn is_allowed_inside(app: &mut App) -> Receiver {
    app.starts_again_with(&[("PAYLINK_WEBHOOKS_ALLOW_PRIVATE", "true")]).await;
    Receiver::start().await
}

pub(crate) async fn makes(app: &App, url: &str, events: &[&str]) -> Endpoint {
    let made = app.merchant().http.post("/v1/webhook-endpoints", &json!({"url": url, "events": events})).await;
    let made = made.with_status(201).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    app.hush(&text("secret"));
    Endpoint { id: text("id"), secret: text("secret") }
}

pub(crate) async fn deliveries(merchant: &Merchant, endpoint: &Endpoint) -> Vec<Value> {
    merchant.http.whole_list(&format!("{}/deliveries", endpoint.path()), 100).await
}

pub(crate) async fn change(merchant: &Merchant, endpoint: &Endpoint, changes: &Value) -> Value {
    let request = merchant.http.request(Method::PATCH, &endpoint.path()).json(changes);
    merchant.http.ask(request).await.with_status(200).json()
}

pub(crate) async fn see(merchant: &Merchant, endpoint: &Endpoint) -> Value {
    merchant.http.get(&endpoint.path()).await.with_status(200).json()
}

/// Whether the specification's own library believes it.
pub(crate) fn is_believed(secret: &str, webhook: &Webhook) -> bool {
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, webhook.headers[name].parse().unwrap());
    }
    Verifier::new(secret).unwrap().verify(webhook.body.as_bytes(), &headers).is_ok()
}

async fn a_webhook_tells_what_has_happened_and_is_verified_by_the_specifications_library(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let (merchant, endpoint) = (app.merchant(), makes(app, &format!("{}/paid", receiver.url), &["link.paid"]).await);
    let link = merchant.makes_a_link(&merchant.opens_an_order("W-1").await).await;
    app.buyer().pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    let came = receiver.gets("/paid", |came| !came.is_empty()).await;
    assert_eq!(came.len(), 1, "and of nothing else");
    let told = came[0].json();
    assert_eq!((&told["type"], &told["data"]), (&"link.paid".into(), &merchant.link(&link.id).await));
    let feed = merchant.http.get("/v1/changes?limit=500").await.json();
    let change = feed["items"].as_array().unwrap().iter().find(|item| item["type"] == "link.paid").unwrap();
    assert_eq!((&told["seq"], &told["timestamp"]), (&change["seq"], &change["at"]));
    assert_eq!(came[0].headers["content-type"], "application/json");
    assert!(is_believed(&endpoint.secret, &came[0]));
    let tampered = Webhook { body: came[0].body.replace("link.paid", "link.void"), ..came[0].clone() };
    assert!(!is_believed(&endpoint.secret, &tampered));
    eventually("it is delivered", async || {
        (deliveries(&merchant, &endpoint).await[0]["state"] == "delivered").then_some(())
    })
    .await;
    believe_elsewhere(&endpoint.secret, &came[0]);
}

/// The results of the specification's Python and JavaScript libraries.
fn believe_elsewhere(secret: &str, webhook: &Webhook) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/standardwebhooks");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/standardwebhooks");
    let input = json!({"secret": secret, "body": webhook.body, "headers": webhook.headers}).to_string();
    let python = (folder.join("bin/python"), scripts.join("verify.py"));
    let node = ("node".into(), scripts.join("verify.cjs"));
    for (program, script) in [python, node] {
        let mut command = Command::new(&program);
        command.arg(&script).env("NODE_PATH", folder.join("node_modules"));
        let mut run = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        run.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = run.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(said, "believed, and not when tampered with", "{}: {output:?}", script.display());
    }
}

async fn the_numbers_show_that_nothing_is_missing_and_the_order_is_kept(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/all", receiver.url), &["link.*", "order.*"]).await;
    for number in 0..3 {
        let link = merchant.makes_a_link(&merchant.opens_an_order(&format!("W-2{number}")).await).await;
        merchant.voids(&link).await;
        merchant.sees(&link.id, "voided").await;
    }
    let last = async || see(&merchant, &endpoint).await["last_seq"].as_i64().unwrap();
    let is_last = async || {
        let (last, came) = (last().await, receiver.came("/all"));
        (came.last()?.json()["seq"] == last).then_some(came)
    };
    let came = eventually("everything came", is_last).await;
    let mut previous = Value::Null;
    for webhook in &came {
        let told = webhook.json();
        assert_eq!(told["previous_seq"], previous, "something is missing before {told}");
        previous = told["seq"].clone();
    }
    let wanted = |kind: &str| kind.starts_with("link.") || kind.starts_with("order.");
    let feed = merchant.http.get("/v1/changes?limit=500").await.json();
    let numbers: BTreeSet<i64> = came.iter().map(|webhook| webhook.json()["seq"].as_i64().unwrap()).collect();
    let (first, last) = (numbers.first().copied().unwrap(), numbers.last().copied().unwrap());
    for item in feed["items"].as_array().unwrap() {
        let (seq, kind) = (item["seq"].as_i64().unwrap(), item["type"].as_str().unwrap());
        // Later changes are on their way.
        let is_told_of = (first..=last).contains(&seq);
        assert!(!is_told_of || numbers.contains(&seq) == wanted(kind), "{item}");
    }
}

async fn what_began_earlier_and_was_numbered_later_comes_in_the_order_of_the_numbers(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let (merchant, operator) = (app.merchant(), app.operator().0);
    let endpoint = makes(app, &format!("{}/numbers", receiver.url), &["order.created"]).await;
    let pause = json!({"kind": "deliver_webhooks", "reason": "Several are to wait at once."});
    operator.post("/v1/admin/jobs/pause", &pause).await.with_status(200);
    for number in ["W-91", "W-92", "W-93"] {
        merchant.opens_an_order(number).await;
    }
    eventually("they wait", async || (deliveries(&merchant, &endpoint).await.len() == 3).then_some(())).await;
    // The first one is of a change that began last.
    let latest = "(SELECT max(other.due_at) FROM webhook_delivery other)";
    app.rows_are_changed(&format!("UPDATE webhook_delivery SET due_at = {latest} WHERE previous_seq IS NULL")).await;
    let kind = json!({"kind": "deliver_webhooks"});
    operator.post("/v1/admin/jobs/resume", &kind).await.with_status(200);
    let came = receiver.gets("/numbers", |came| came.len() == 3).await;
    let numbers: Vec<i64> = came.iter().map(|webhook| webhook.json()["seq"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

async fn a_copy_made_of_webhooks_that_were_refused_doubled_and_shuffled_is_right(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let (merchant, endpoint) = (app.merchant(), makes(app, &format!("{}/copy", receiver.url), &["*"]).await);
    receiver.answers("/copy", Taking::EveryOther);
    let mut ours = BTreeSet::new();
    for number in 0..3 {
        let order = merchant.opens_an_order(&format!("W-30{number}")).await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        app.buyer().pays(&link).await;
        merchant.sees(&link.id, "paid").await;
        ours.extend([order.id, link.id, message]);
    }
    app.sandbox().has_told_everything().await;
    for minutes in [6, 40, 200] {
        let before = receiver.came("/copy").len();
        let waiting = deliveries(&merchant, &endpoint).await.iter().filter(|it| it["state"] == "pending").count();
        app.turns_its_clock(TimeDelta::minutes(minutes));
        receiver.gets("/copy", |came| came.len() >= before + waiting.min(1)).await;
    }
    receiver.answers("/copy", Taking::Status(204));
    app.turns_its_clock(TimeDelta::days(1));
    let mut looks = 0;
    eventually("everything is delivered", async || {
        let is_over = deliveries(&merchant, &endpoint).await.iter().all(|it| it["state"] == "delivered");
        looks += 1;
        if !is_over && looks % 50 == 0 {
            // One that was refused while the clock was turned is due hours after that.
            app.turns_its_clock(TimeDelta::hours(6));
        }
        is_over.then_some(())
    })
    .await;
    let mut came: Vec<Webhook> = receiver.came("/copy").into_iter().filter(|webhook| webhook.is_taken).collect();
    assert!(came.len() < receiver.came("/copy").len(), "none was refused: the test shows little");
    came.extend(came.clone());
    fastrand::shuffle(&mut came);
    // The last word about each thing is the one with the highest number.
    let mut copy: BTreeMap<String, (i64, Value)> = BTreeMap::new();
    for told in came.iter().map(Webhook::json) {
        let (Some(id), Some(seq)) = (told["data"]["id"].as_str(), told["seq"].as_i64()) else { continue };
        if copy.get(id).is_none_or(|(known, _)| *known < seq) {
            copy.insert(id.to_owned(), (seq, told["data"].clone()));
        }
    }
    for path in ["/v1/orders", "/v1/payment-links", "/v1/messages"] {
        for mut item in merchant.http.whole_list(path, 100).await {
            // Told of links, texts and orders, and no part of what is sent.
            for told in ["notices", "order_number", "customer_name"] {
                item.as_object_mut().unwrap().remove(told);
            }
            let id = item["id"].as_str().unwrap();
            if ours.contains(id) {
                assert_eq!(copy[id].1, item);
            }
        }
    }
}
