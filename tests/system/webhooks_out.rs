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
    a_delivery_that_failed_is_tried_again_and_nothing_waits_for_it,
    an_endpoint_that_hangs_delays_no_other,
    a_living_endpoint_never_waits_for_the_time_outs_of_dead_ones,
    an_endpoint_that_is_gone_is_disabled_and_recovers_what_it_missed,
    an_endpoint_that_fails_for_five_days_is_disabled,
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

async fn change(merchant: &Merchant, endpoint: &Endpoint, changes: &Value) -> Value {
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
    eventually("everything is delivered", async || {
        deliveries(&merchant, &endpoint).await.iter().all(|it| it["state"] == "delivered").then_some(())
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
