//! Texts: at most one for each command, paid for once if it was sent, and not at all if it was not.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::support::{App, SMS_TOKEN, eventually, on_both_databases};

on_both_databases!(
    a_text_that_the_carrier_refuses_costs_nothing,
    a_text_whose_answer_was_lost_is_settled_by_its_report,
    a_text_whose_answer_was_lost_is_found_at_the_carrier,
    a_busy_carrier_gets_the_text_later_and_once,
    a_merchant_without_credits_sends_nothing,
    a_text_that_was_not_delivered_says_why,
    a_link_goes_to_a_number_once_a_minute_unless_it_is_meant,
    an_opt_out_releases_what_is_queued,
    a_buyer_who_asks_for_help_is_answered_once,
    a_text_that_nobody_knows_of_is_settled_by_a_person,
);

async fn a_text_that_the_carrier_refuses_costs_nothing(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    // The sandbox's number for "not a mobile number".
    let order = merchant.opens_an_order_of("6001", "+15005550009").await;
    let link = merchant.makes_a_link(&order).await;

    let message = merchant.sends(&link).await;

    let failed = merchant.sees_message(&message, "failed").await;
    assert_eq!(failed["error"], "This is not a mobile number.");
    assert_eq!(merchant.credits().await, (100, 0));
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "release"]);
    assert!(sandbox.texts_to(&order.phone).await.is_empty());
    assert_eq!(sandbox.requests("sms", "POST", "/Messages.json").await.len(), 1);
}

async fn a_text_whose_answer_was_lost_is_settled_by_its_report(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    for (number, mode) in [("6002", "reset_after"), ("6003", "status_after")] {
        let order = merchant.opens_an_order(number).await;
        let link = merchant.makes_a_link(&order).await;
        sandbox.fails(json!({"service": "sms", "times": 1, "mode": mode, "method": "POST"})).await;

        let message = merchant.sends(&link).await;

        merchant.sees_message(&message, "delivered").await;
        assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);
    }
    assert_eq!(merchant.credits().await, (98, 0));
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture", "hold", "capture"]);
    assert_eq!(sandbox.requests("sms", "POST", "/Messages.json").await.len(), 2);
}

async fn a_text_whose_answer_was_lost_is_found_at_the_carrier(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let order = merchant.opens_an_order("6004").await;
    let link = merchant.makes_a_link(&order).await;
    sandbox.fails(json!({"service": "sms", "times": 1, "mode": "reset_after", "method": "POST"})).await;

    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "unknown").await;
    assert_eq!(merchant.credits().await, (99, 1));

    merchant.sees_message(&message, "sent").await;
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);
    assert_eq!(sandbox.requests("sms", "POST", "/Messages.json").await.len(), 1);
}

async fn a_busy_carrier_gets_the_text_later_and_once(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("6005").await;
    let link = merchant.makes_a_link(&order).await;
    let busy =
        json!({"service": "sms", "times": 2, "mode": "status", "status": 429, "retry_after": 1, "method": "POST"});
    sandbox.fails(busy).await;

    let message = merchant.sends(&link).await;

    merchant.sees_message(&message, "delivered").await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);
    assert_eq!(sandbox.requests("sms", "POST", "/Messages.json").await.len(), 3);
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture"]);
}

async fn a_merchant_without_credits_sends_nothing(app: &mut App) {
    let (operator, sandbox) = (app.operator(), app.sandbox());
    let merchant = operator.makes_a_merchant("A Florist").await;
    app.connects(&merchant).await;
    let order = merchant.opens_an_order("6007").await;
    let link = merchant.makes_a_link(&order).await;

    merchant.asks_to_send(&link).await.problem(402, "insufficient_credits");

    assert_eq!(merchant.credits().await, (0, 0));
    assert!(merchant.ledger().await.is_empty());
    assert!(merchant.http.whole_list("/v1/conversations", 100).await.is_empty());
    assert!(operator.jobs_of_people("queued").await.is_empty());
    assert!(sandbox.texts_to(&order.phone).await.is_empty());

    operator.tops_up(&merchant, 1).await;
    merchant.sends(&link).await;
    let again = format!("/v1/payment-links/{}/send", link.id);
    merchant.http.post(&again, &json!({"resend": true})).await.problem(402, "insufficient_credits");
}

async fn a_text_that_was_not_delivered_says_why(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let order = merchant.opens_an_order("6008").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "sent").await;
    let sid = sandbox.texts_to(&order.phone).await[0]["sid"].clone();

    sandbox.does("sms/report", json!({"sid": sid, "status": "undelivered", "error_code": 30003})).await;
    let undelivered = merchant.sees_message(&message, "undelivered").await;
    assert_eq!(undelivered["error"], "The phone could not be reached.");
    let is_told =
        |line: &str| line.contains("a carrier could not deliver a text") && line.contains("could not be reached");
    assert!(app.log().lines().any(is_told));

    // A report that comes late does not turn the clock back.
    sandbox.does("sms/report", json!({"sid": sid, "status": "sent"})).await;
    sandbox.has_told_everything().await;
    eventually("the late report is read", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    assert_eq!(merchant.message(&message).await, undelivered);
    assert_eq!(merchant.credits().await, (99, 0));
}

async fn a_link_goes_to_a_number_once_a_minute_unless_it_is_meant(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("6009").await;
    let link = merchant.makes_a_link(&order).await;

    // Of several presses at once, too, one sends.
    let presses = futures_util::future::join_all((0..5).map(|_| merchant.asks_to_send(&link))).await;
    let sent: Vec<_> = presses.iter().filter(|answer| answer.status == 202).collect();
    assert_eq!(sent.len(), 1);
    for refused in presses.iter().filter(|answer| answer.status != 202) {
        refused.clone().problem(409, "recently_sent");
    }
    let first = sent[0].json()["id"].as_str().unwrap().to_owned();
    merchant.sees_message(&first, "delivered").await;

    let second = merchant.sends_again(&link).await;
    merchant.sees_message(&second, "delivered").await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 2);
    let listed = merchant.http.get(&format!("/v1/messages?link_id={}", link.id)).await.with_status(200).json();
    let listed: Vec<_> = listed["items"].as_array().unwrap().iter().map(|message| &message["id"]).collect();
    assert_eq!(listed, [second.as_str(), first.as_str()]);

    // One that failed was not sent.
    let landline = merchant.opens_an_order_of("6010", "+15005550009").await;
    let link = merchant.makes_a_link(&landline).await;
    let failed = merchant.sends(&link).await;
    merchant.sees_message(&failed, "failed").await;
    let failed = merchant.sends(&link).await;
    merchant.sees_message(&failed, "failed").await;
}

async fn an_opt_out_releases_what_is_queued(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("6011").await;
    let link = merchant.makes_a_link(&order).await;
    // So that the carrier knows where buyers' texts go.
    let first = merchant.sends(&link).await;
    merchant.sees_message(&first, "delivered").await;
    sandbox
        .fails(
            json!({"service": "sms", "times": 1, "mode": "status", "status": 429, "retry_after": 15, "method": "POST"}),
        )
        .await;
    let waiting = merchant.sends_again(&link).await;
    eventually("the carrier was busy", async || {
        (sandbox.requests("sms", "POST", "/Messages.json").await.len() == 2).then_some(())
    })
    .await;

    // With a NUL behind it, as some carriers end a text: it means the same.
    sandbox.buyer_texts(&order.phone, "STOP\0").await;

    let failed = merchant.sees_message(&waiting, "failed").await;
    assert_eq!(failed["error"], "The buyer has asked to get no more texts.");
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture", "hold", "release"]);

    // Racing with texts that are on their way, it comes before each of them or after, and leaves nothing in between.
    for round in 0..5 {
        let order = merchant.opens_an_order(&format!("6012-{round}")).await;
        let link = merchant.makes_a_link(&order).await;
        let (answer, ()) = futures_util::future::join(merchant.asks_to_send(&link), async {
            tokio::time::sleep(std::time::Duration::from_millis(round * 7)).await;
            sandbox.buyer_texts(&order.phone, "STOP").await;
        })
        .await;
        if answer.status == 422 {
            // The opt-out was faster than the command.
            assert!(sandbox.texts_to(&order.phone).await.is_empty());
            continue;
        }
        let message = answer.with_status(202).json()["id"].as_str().unwrap().to_owned();
        let message = eventually("it is settled", async || {
            let message = merchant.message(&message).await;
            ["failed", "delivered"].contains(&message["status"].as_str().unwrap()).then_some(message)
        })
        .await;
        let texts = sandbox.texts_to(&order.phone).await.len();
        assert_eq!(texts, usize::from(message["status"] == "delivered"), "{message}");
    }
    // The failed ones of the race were released, the others captured.
    eventually("nothing is held", async || (merchant.credits().await.1 == 0).then_some(())).await;
}

async fn a_buyer_who_asks_for_help_is_answered_once(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("6013").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;

    // The carrier does not answer by itself.
    let carrier = merchant.http.get("/v1/sms-integration").await.json();
    let mut input = json!({"account_sid": carrier["account_sid"], "auth_token": SMS_TOKEN, "answers_keywords": false});
    input["from"] = carrier["from"].clone();
    merchant.http.put("/v1/sms-integration", &input).await.with_status(200);

    sandbox.buyer_texts(&order.phone, "Help").await;
    sandbox.buyer_texts(&order.phone, "INFO").await;

    let conversation = merchant.conversation_with(&order.phone).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/conversations/{conversation}/messages");
    eventually("the questions and the answer are there", async || {
        let said = merchant.http.whole_list(&path, 10).await;
        let settled =
            said.iter().all(|message| ["received", "delivered"].contains(&message["status"].as_str().unwrap()));
        (said.len() == 4 && settled).then_some(())
    })
    .await;
    sandbox.has_told_everything().await;
    let answers: Vec<_> = sandbox.texts_to(&order.phone).await.split_off(1);
    assert_eq!(answers.len(), 1, "{answers:?}");
    let text = answers[0]["body"].as_str().unwrap();
    assert!(text.contains("Example Bakery") && text.contains("hello@bakery.example"), "{text}");
    let said = merchant.http.whole_list(&path, 10).await;
    assert_eq!(said.iter().filter(|message| message["origin"] == "answer").count(), 1);
    assert_eq!(merchant.credits().await, (98, 0));
}

async fn a_text_that_nobody_knows_of_is_settled_by_a_person(app: &mut App) {
    let (merchant, sandbox, operator) = (app.merchant(), app.sandbox(), app.operator());
    let mut unknown = Vec::new();
    for number in ["6014", "6015"] {
        let order = merchant.opens_an_order(number).await;
        let link = merchant.makes_a_link(&order).await;
        sandbox.fails(json!({"service": "sms", "times": 1, "mode": "reset", "method": "POST"})).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "unknown").await;
        unknown.push(message);
    }
    assert_eq!(merchant.credits().await, (98, 2));

    app.passes(Utc::now() + TimeDelta::days(2));

    let listed = app.runs(&["messages", "list", "--status", "unknown"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.matches("waits for a person since").count(), 2, "{listed}");
    assert!(merchant.message(&unknown[0]).await["parked_at"].is_string());

    let resolved = app.runs(&["messages", "resolve", &unknown[0], "--failed", "--reason", "not in the carrier's log"]);
    assert!(resolved.status.success(), "{resolved:?}");
    let failed = merchant.message(&unknown[0]).await;
    assert_eq!((&failed["status"], &failed["error"]), (&"failed".into(), &"not in the carrier's log".into()));
    let again = app.runs(&["messages", "resolve", &unknown[0], "--sent", "--reason", "it was"]);
    assert!(!again.status.success(), "it was settled twice");

    let path = format!("/v1/admin/messages/{}/resolve", unknown[1]);
    let listed = operator.0.get("/v1/admin/messages?status=unknown").await.with_status(200).json();
    assert_eq!(listed["items"][0]["id"], unknown[1].as_str());
    assert!(listed["items"][0]["body"].is_null() && listed["items"][0]["to"].is_null(), "{listed}");
    operator.0.post(&path, &json!({"outcome": "maybe", "reason": "x"})).await.problem(422, "invalid_input");
    let sent = json!({"outcome": "sent", "reason": "the buyer has it"});
    operator.0.post(&path, &sent).await.with_status(200);
    operator.0.post(&path, &sent).await.problem(409, "message_not_unknown");
    assert_eq!(merchant.message(&unknown[1]).await["status"], "sent");
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "hold", "release", "capture"]);
}
