//! What happened, in the conversation where it happened, and what a text costs while it is written.

use serde_json::{Value, json};

use crate::support::{App, on_both_databases};

on_both_databases!(payments_and_refunds_are_lines_of_the_conversation, a_text_says_what_it_costs_while_it_is_written);

async fn payments_and_refunds_are_lines_of_the_conversation(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("54001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let payment = app.sandbox().does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    app.sandbox().does("refund", json!({"payment_intent": payment["payment_intent"], "amount": 2_950})).await;
    app.sandbox().buyer_texts(&order.phone, "STOP").await;
    app.sandbox().has_told_everything().await;
    let conversation = merchant.conversation_with(&order.phone).await;
    let path = format!("/v1/conversations/{}/timeline", conversation["id"].as_str().unwrap());
    let seen = crate::support::eventually("all is told", async || {
        let seen = merchant.http.get(&path).await.with_status(200).json();
        let events: Vec<String> =
            seen["items"].as_array().unwrap().iter().map(|it| it["event"].as_str().unwrap().to_owned()).collect();
        ["unpaid", "paid", "refunded", "opted_out"]
            .iter()
            .all(|event| events.iter().any(|it| it == event))
            .then_some(seen)
    })
    .await;
    let line = |event: &str| -> Value {
        seen["items"].as_array().unwrap().iter().find(|it| it["event"] == event).unwrap().clone()
    };
    assert_eq!((&line("paid")["amount"], &line("paid")["currency"]), (&json!("129.50"), &json!("usd")));
    assert_eq!((&line("refunded")["amount"], &line("refunded")["actor"]), (&json!("29.50"), &json!("stripe")));
    assert_eq!((&line("paid")["order_id"], &line("paid")["link_id"]), (&json!(order.id), &json!(link.id)));
    assert_eq!(seen["orders"][0]["number"], "54001");
    assert_eq!(seen["orders"][0]["has_open_link"], false);
    let (before, _) = merchant.credits().await;
    assert_eq!(before, 99, "lines cost nothing");
    let other = app.operator().makes_a_merchant("A Florist").await;
    other.http.get(&path).await.problem(404, "not_found");
}

async fn a_text_says_what_it_costs_while_it_is_written(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("54101").await;
    let link = merchant.makes_a_link(&order).await;
    merchant.sends(&link).await;
    let conversation = merchant.conversation_with(&order.phone).await;
    let path = format!("/v1/conversations/{}/preview", conversation["id"].as_str().unwrap());
    let (long, wide) = ("a".repeat(161), "ж".repeat(71));
    for (body, encoding, segments) in [("Hello", "GSM-7", 1), (long.as_str(), "GSM-7", 2), (wide.as_str(), "UCS-2", 2)]
    {
        let cost = merchant.http.post(&path, &json!({"body": body})).await.with_status(200).json();
        assert_eq!(
            (&cost["encoding"], &cost["segments"], &cost["credits"]),
            (&json!(encoding), &json!(segments), &json!(segments))
        );
    }
    merchant.http.post(&path, &json!({"body": ""})).await.problem(422, "invalid_input");
    let messages = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    assert_eq!(merchant.http.whole_list(&messages, 100).await.len(), 1, "nothing was sent");
}
