//! Webhooks of Stripe and the carrier: accepted if signed, in any order, once.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{Answer, App, Database, STRIPE_KEY, eventually, on_both_databases, sign};

on_both_databases!(
    a_webhook_that_is_not_signed_is_refused,
    webhooks_that_come_twice_and_in_any_order_have_one_effect,
    a_webhook_whose_answer_was_lost_comes_again_and_changes_nothing,
    many_webhooks_at_once_are_each_stored_and_applied_once,
    a_secret_is_believed_as_soon_as_it_is_set,
    a_webhook_that_is_too_large_or_is_none_is_refused,
);

fn events(link: &Value, kind: &str) -> usize {
    link["timeline"].as_array().unwrap().iter().filter(|entry| entry["event"] == kind).count()
}

async fn a_webhook_that_is_not_signed_is_refused(app: &mut App) {
    let http = app.anybody();
    let event = json!({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {}}});
    let report = [("MessageSid", "SM1"), ("MessageStatus", "delivered")];
    let now = chrono::Utc::now().timestamp();
    let signatures = [String::new(), "nonsense".to_owned(), format!("t={now},v1={}", "0".repeat(64))];
    let merchant = &app.hello.merchant_id;
    for signature in &signatures {
        let post = |path: &str| http.request(Method::POST, path);
        let stripe = post(&format!("/webhooks/stripe/{merchant}")).header("Stripe-Signature", signature).json(&event);
        http.ask(stripe).await.problem(400, "bad_signature");
        let sms = post(&format!("/webhooks/sms/{merchant}")).header("X-Twilio-Signature", signature).form(&report);
        http.ask(sms).await.problem(400, "bad_signature");
        for nobody in ["mer_00000000000000000000000000000000", "mer_1", "me"] {
            let stripe = post(&format!("/webhooks/stripe/{nobody}")).header("Stripe-Signature", signature).json(&event);
            http.ask(stripe).await.problem(404, "not_found");
            let sms = post(&format!("/webhooks/sms/{nobody}")).header("X-Twilio-Signature", signature).form(&report);
            http.ask(sms).await.problem(404, "not_found");
        }
    }
    assert!(!app.rows().await.contains("evt_1"), "what was refused was stored");
}

async fn webhooks_that_come_twice_and_in_any_order_have_one_effect(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    for service in ["stripe", "sms"] {
        sandbox.does("webhooks", json!({"service": service, "duplicate": 2, "shuffle": true})).await;
    }
    let order = merchant.opens_an_order("5001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    buyer.pays(&link).await;
    let paid = merchant.sees(&link.id, "paid").await;
    let intent = paid["dashboard_url"].as_str().unwrap().rsplit('/').next().unwrap();
    sandbox.does("refund", json!({"payment_intent": intent, "amount": 1_000})).await;
    sandbox.does("dispute", json!({"payment_intent": intent})).await;
    merchant.sees_message(&message, "delivered").await;
    let told = sandbox.has_told_everything().await;
    assert!(told["delivered"].as_u64().unwrap() >= 3 * 5, "{told}");

    let everything_is_applied = async || {
        let link = merchant.link(&link.id).await;
        (events(&link, "refunded") > 0 && events(&link, "disputed") > 0).then_some(link)
    };
    let link = crate::support::eventually("refund and dispute are shown", everything_is_applied).await;
    assert_eq!(link["status"], "paid");
    for kind in ["paid", "sent", "refunded", "disputed"] {
        assert_eq!(events(&link, kind), 1, "{kind}: {link}");
    }
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture"]);
    assert_eq!(merchant.message(&message).await["status"], "delivered");
}

async fn a_webhook_whose_answer_was_lost_comes_again_and_changes_nothing(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    // It never comes; later Stripe sends it after all.
    sandbox.does("webhooks", json!({"drop": true})).await;
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await;
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
    sandbox.does("webhooks", json!({})).await;
    sandbox.does("webhooks/resend", json!({"event": payment["event"]})).await;
    let paid = merchant.sees(&link.id, "paid").await;

    // We answered, and the answer was lost: it is sent again.
    sandbox.does("webhooks/resend", json!({"event": payment["event"]})).await;
    sandbox.has_told_everything().await;

    assert_eq!(merchant.link(&link.id).await, paid);
}

/// Sends a body as Stripe would, signed with this secret.
async fn stripe_sends(app: &App, secret: &str, body: &str) -> Answer {
    let http = app.anybody();
    let post = http.request(Method::POST, &format!("/webhooks/stripe/{}", app.hello.merchant_id));
    let signature = sign(secret, chrono::Utc::now().timestamp(), body);
    http.ask(post.header("Stripe-Signature", signature).body(body.to_owned())).await
}

async fn many_webhooks_at_once_are_each_stored_and_applied_once(app: &mut App) {
    let event = |number: usize| {
        json!({"id": format!("evt_many_{number}"), "type": "customer.created", "data": {"object": {}}}).to_string()
    };
    let secret = app.hello.webhook_secret.clone();
    // Each comes twice, and all of them at the same time.
    let bodies: Vec<String> = (0..80).map(|number| event(number / 2)).collect();
    let answers = join_all(bodies.iter().map(|body| stripe_sends(app, &secret, body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");

    eventually("all of them are applied", async || (ignored(app).await == 40).then_some(())).await;
    assert_eq!(count(app, "webhook_event WHERE external_id LIKE 'evt_many_%'").await, 40);
    assert_eq!(count(app, "job WHERE kind = 'process_stripe_event'").await, 0, "what is done leaves no row");
}

async fn count(app: &App, what: &str) -> i64 {
    let database = app.database().await;
    let query = Statement::from_string(database.get_database_backend(), format!("SELECT count(*) AS n FROM {what}"));
    database.query_one_raw(query).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// How many events were found to mean nothing to us: of those nothing is kept.
async fn ignored(app: &App) -> i64 {
    count(app, "webhook_event WHERE payload IS NULL").await
}

async fn a_secret_is_believed_as_soon_as_it_is_set(app: &mut App) {
    let (merchant, old) = (app.merchant(), app.hello.webhook_secret.clone());
    let event = |id: &str| json!({"id": id, "type": "customer.created", "data": {"object": {}}}).to_string();
    let new = "whsec_after_the_rotation";
    stripe_sends(app, &old, &event("evt_old")).await.with_status(200);
    stripe_sends(app, new, &event("evt_too_early")).await.problem(400, "bad_signature");

    let keys = json!({"secret_key": STRIPE_KEY, "webhook_secret": new});
    merchant.http.put("/v1/stripe-integration", &keys).await.with_status(202);

    stripe_sends(app, new, &event("evt_new")).await.with_status(200);
}

async fn a_webhook_that_is_too_large_or_is_none_is_refused(app: &mut App) {
    const MIB: usize = 1024 * 1024;
    let secret = app.hello.webhook_secret.clone();
    let padded = |length: usize| {
        let event =
            json!({"id": format!("evt_{length}"), "type": "customer.created", "data": {"object": {}}}).to_string();
        format!("{event}{}", " ".repeat(length - event.len()))
    };
    stripe_sends(app, &secret, &padded(MIB)).await.with_status(200);
    stripe_sends(app, &secret, &padded(MIB + 1)).await.problem(413, "too_large");
    let nul = "{\"id\": \"evt_\\u0000\", \"type\": \"customer.created\"}";
    for body in ["", "[]", "{\"id\": \"evt_1\"}", "{\"id\": 1, \"type\": \"customer.created\"}", nul] {
        stripe_sends(app, &secret, body).await.problem(400, "malformed_request");
    }
}

#[tokio::test]
async fn a_webhook_is_answered_503_while_the_database_is_away_and_taken_when_it_is_back() {
    let app = App::start(Database::sqlite()).await;
    let secret = app.hello.webhook_secret.clone();
    let event = json!({"id": "evt_1", "type": "customer.created", "data": {"object": {}}}).to_string();
    let other = app.database().await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();

    let answer = tokio::time::timeout(Duration::from_secs(9), stripe_sends(&app, &secret, &event)).await.unwrap();

    answer.clone().problem(503, "database_unavailable");
    assert!(!answer.header("Retry-After").is_empty());
    other.execute_unprepared("ROLLBACK").await.unwrap();
    stripe_sends(&app, &secret, &event).await.with_status(200);
    eventually("it is applied", async || (ignored(&app).await == 1).then_some(())).await;
    assert_eq!(count(&app, "webhook_event").await, 1);
}

#[tokio::test]
async fn a_webhook_is_stored_while_every_other_connection_waits() {
    // Nobody stops waiting for the table while the machine has more to do.
    let few = [("PAYLINK_DATABASE_CONNECTIONS", "2".to_owned()), ("PAYLINK_DATABASE_LOCK_SECONDS", "90".to_owned())];
    let app = App::start_with(Database::postgresql().await, &few).await;
    let secret = app.hello.webhook_secret.clone();
    let other = app.database().await;
    // Like a report that is run by hand, or a migration.
    other.execute_unprepared("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let looks: Vec<_> = (0..4)
        .map(|_| {
            let merchant = app.merchant();
            tokio::spawn(async move { merchant.http.get("/v1/orders").await })
        })
        .collect();
    let held = "pg_locks WHERE NOT granted AND relation = 'orders'::regclass \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    // A tick that comes meanwhile may wait for the table as well.
    eventually("pages hold every connection", async || (count(&app, held).await >= 2).then_some(())).await;
    let report = [("MessageSid", "SM1"), ("MessageStatus", "delivered")];
    let sms = app.anybody().request(Method::POST, &format!("/webhooks/sms/{}", app.hello.merchant_id)).form(&report);

    for number in 0..3 {
        let event = json!({"id": format!("evt_{number}"), "type": "customer.created", "data": {"object": {}}});
        stripe_sends(&app, &secret, &event.to_string()).await.with_status(200);
    }
    app.anybody().ask(sms).await.problem(400, "bad_signature");

    assert!(looks.iter().all(|look| !look.is_finished()), "there was a connection left for the pages");
    other.execute_unprepared("ROLLBACK").await.unwrap();
    for look in looks {
        look.await.unwrap().with_status(200);
    }
    eventually("they are applied", async || (ignored(&app).await == 3).then_some(())).await;
}
