//! Texts: one for each command at most, paid for once if it left, and not at all if it did not.

use serde_json::json;

use crate::support::{App, eventually, on_both_databases};

on_both_databases!(
    a_text_that_the_carrier_refuses_costs_nothing,
    a_text_whose_answer_was_lost_is_settled_by_its_report,
    a_text_whose_answer_was_lost_is_found_at_the_carrier,
    a_busy_carrier_gets_the_text_later_and_once,
    a_buyer_who_texts_stop_gets_no_more_texts,
    a_merchant_without_credits_sends_nothing,
    a_text_that_was_not_delivered_says_why,
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
    let busy = json!({"service": "sms", "times": 2, "mode": "status", "status": 429, "retry_after": 1});
    sandbox.fails(busy).await;

    let message = merchant.sends(&link).await;

    merchant.sees_message(&message, "delivered").await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);
    assert_eq!(sandbox.requests("sms", "POST", "/Messages.json").await.len(), 3);
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture"]);
}

async fn a_buyer_who_texts_stop_gets_no_more_texts(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("6006").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let opted_out = async |wanted: bool| {
        eventually("the buyer's wish is heeded", async || {
            let conversation = merchant.conversation_with(&order.phone).await;
            (conversation["opted_out_at"].is_string() == wanted).then_some(())
        })
        .await;
    };

    sandbox.buyer_texts(&order.phone, " stop ").await;
    opted_out(true).await;
    merchant.asks_to_send(&link).await.problem(422, "opted_out");
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);

    sandbox.buyer_texts(&order.phone, "START").await;
    opted_out(false).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
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
    assert!(operator.jobs("queued").await.is_empty());
    assert!(sandbox.texts_to(&order.phone).await.is_empty());

    operator.tops_up(&merchant, 1).await;
    merchant.sends(&link).await;
    merchant.asks_to_send(&link).await.problem(402, "insufficient_credits");
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

    // A report that comes late does not turn the clock back.
    sandbox.does("sms/report", json!({"sid": sid, "status": "sent"})).await;
    sandbox.has_told_everything().await;
    eventually("the late report is read", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    assert_eq!(merchant.message(&message).await, undelivered);
    assert_eq!(merchant.credits().await, (99, 0));
}
