//! Events in a conversation, and the cost of a text while it is written.

use serde_json::{Value, json};

use crate::support::{App, on_both_databases};

on_both_databases!(
    payments_and_refunds_are_lines_of_the_conversation,
    a_text_says_what_it_costs_while_it_is_written,
    conversations_are_sought_assigned_and_closed,
);

async fn conversations_are_sought_assigned_and_closed(app: &mut App) {
    let merchant = app.merchant();
    let first = merchant.opens_an_order("54201").await;
    let second = merchant.opens_an_order("54202").await;
    for order in [&first, &second] {
        let link = merchant.makes_a_link(order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
    }
    let conversation = merchant.conversation_with(&first.phone).await;
    let other = merchant.conversation_with(&second.phone).await;
    let id = |conversation: &Value| conversation["id"].as_str().unwrap().to_owned();
    assert_eq!((&conversation["status"], conversation.get("assigned_to")), (&json!("open"), None));
    let found = async |query: &str| -> Vec<String> {
        let list = merchant.http.get(&format!("/v1/conversations?{query}")).await.with_status(200).json();
        list["items"].as_array().unwrap().iter().map(id).collect()
    };
    // By the order's number, and by a part of the phone number as people write it.
    assert_eq!(found("q=54201").await, [id(&conversation)]);
    let digits = second.phone.trim_start_matches('+');
    assert_eq!(found(&format!("q={digits}")).await, [id(&other)]);
    assert_eq!(found("q=%25").await, [""; 0]);

    let people = merchant.http.get("/v1/people").await.with_status(200).json();
    let somebody = people["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/conversations/{}", id(&conversation));
    let act = async |what: &str, body: Value| merchant.http.post(&format!("{path}/{what}"), &body).await;
    let assigned = act("assign", json!({"to": somebody})).await.with_status(200).json();
    assert_eq!(assigned["assigned_to"], json!(somebody));
    assert_eq!(found(&format!("assigned_to={somebody}")).await, [id(&conversation)]);
    assert_eq!(found("assigned_to=nobody").await, [id(&other)]);
    let stranger = "key_01936ad7f4c07d0c8e3b5a9f21c4d6e8";
    act("assign", json!({"to": stranger})).await.problem(422, "invalid_input");

    let closed = act("close", json!({})).await.with_status(200).json();
    assert_eq!(closed["status"], "closed");
    assert_eq!(found("status=closed").await, [id(&conversation)]);
    assert_eq!(found("status=open").await, [id(&other)]);
    app.sandbox().buyer_texts(&first.phone, "One more thing").await;
    crate::support::eventually("the reply opens it again", async || {
        let seen = merchant.http.get(&path).await.with_status(200).json();
        (seen["status"] == "open").then_some(())
    })
    .await;
    act("close", json!({})).await.with_status(200);
    assert_eq!(act("reopen", json!({})).await.with_status(200).json()["status"], "open");
    let nobodys = act("assign", json!({})).await.with_status(200).json();
    assert_eq!(nobodys.get("assigned_to"), None);
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    stranger.http.get(&path).await.problem(404, "not_found");
}

async fn payments_and_refunds_are_lines_of_the_conversation(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("54001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let conversation = merchant.conversation_with(&order.phone).await;
    let path = format!("/v1/conversations/{}/timeline", conversation["id"].as_str().unwrap());
    let open = merchant.http.get(&path).await.with_status(200).json()["orders"][0].clone();
    assert_eq!((&open["open_amount"], &open["currency"]), (&json!("129.50"), &json!("usd")));
    let payment = app.sandbox().does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    for amount in [2_950, 1_000] {
        app.sandbox().does("refund", json!({"payment_intent": payment["payment_intent"], "amount": amount})).await;
        app.sandbox().has_told_everything().await;
        let sum = if amount == 2_950 { "29.50" } else { "39.50" };
        crate::support::eventually("it went back", async || {
            (merchant.link(&link.id).await["refunded_amount"] == sum).then_some(())
        })
        .await;
    }
    app.sandbox().buyer_texts(&order.phone, "STOP").await;
    app.sandbox().has_told_everything().await;
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
    // Each tells what was so then, and not what is so now.
    let refunds = seen["items"].as_array().unwrap().iter().filter(|it| it["event"] == "refunded");
    let refunds: Vec<_> = refunds.map(|it| (it["amount"].as_str().unwrap(), it["actor"].as_str().unwrap())).collect();
    assert_eq!(refunds, [("39.50", "stripe"), ("29.50", "stripe")]);
    assert_eq!((&line("paid")["order_id"], &line("paid")["link_id"]), (&json!(order.id), &json!(link.id)));
    assert_eq!(seen["orders"][0]["number"], "54001");
    assert_eq!(seen["orders"][0]["has_open_link"], false);
    assert_eq!(seen["orders"][0]["tag"], "paid");
    assert!(seen["orders"][0].get("open_amount").is_none(), "{seen}");
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
