//! Merchants can read who did what, and the log contains no buyer.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, on_both_databases};

on_both_databases!(who_did_what_is_read_by_those_whose_affair_it_is);

fn acts<'a>(entries: &'a [Value], field: &str) -> Vec<&'a str> {
    entries.iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

async fn who_did_what_is_read_by_those_whose_affair_it_is(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("23001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let conversation = merchant.conversation_with(&order.phone).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/conversations/{conversation}/messages");
    let text = merchant.http.post(&path, &json!({"body": "The cake is ready"})).await.with_status(202).json();
    merchant.sees_message(text["id"].as_str().unwrap(), "delivered").await;
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    let made = json!({"name": "till", "scope": "write"});
    let key = merchant.http.post("/v1/api-keys", &made).await.with_status(201).json();
    app.hush(key["key"].as_str().unwrap());
    let till = merchant.with_key(key["key"].as_str().unwrap());
    let other = till.opens_an_order("23002").await;
    let others = till.makes_a_link(&other).await;

    let of_link = merchant.http.whole_list("/v1/audit-log", 3).await;
    let about = |subject: &str| of_link.iter().filter(|entry| entry["subject"] == subject).cloned().collect::<Vec<_>>();
    assert_eq!(acts(&about(&link.id), "action"), ["link.void", "link.send", "link.create"]);
    assert_eq!(about(&link.id)[1]["detail"], message.as_str());
    assert_eq!(acts(&about(text["id"].as_str().unwrap()), "action"), ["message.send"]);
    let asked = async |query: &str| {
        let answer = merchant.http.get(&format!("/v1/audit-log?limit=100&{query}")).await.with_status(200);
        answer.json()["items"].as_array().unwrap().clone()
    };
    assert_eq!(asked(&format!("subject={}", link.id)).await, about(&link.id));
    let tills = asked(&format!("actor={}", key["id"].as_str().unwrap())).await;
    assert_eq!(acts(&tills, "subject"), [others.id.as_str(), other.id.as_str()]);
    assert_eq!(acts(&tills, "actor_name"), ["till", "till"]);
    let both = format!("actor={}&subject={}", key["id"].as_str().unwrap(), link.id);
    assert!(asked(&both).await.is_empty());
    // It says of which order and invoice, and is found by these, and by the buyer.
    let sent = &about(&link.id)[1];
    let asked_for = merchant.link(&link.id).await;
    assert_eq!((&sent["order_number"], &sent["order_id"]), (&json!("23001"), &json!(order.id)), "{sent}");
    for what in ["invoice_number", "amount", "currency"] {
        assert!(sent[what].is_string() && sent[what] == asked_for[what], "{sent}");
    }
    assert!(sent["again"].is_null(), "it was the first: {sent}");
    let found = asked("q=23001").await;
    assert_eq!(acts(&found, "action"), ["link.void", "link.send", "link.create", "order.create"]);
    assert!(found.iter().all(|entry| entry["order_number"] == "23001"), "{found:?}");
    assert!(!asked("q=Example%20Buyer").await.is_empty());
    assert!(asked("q=99999999").await.is_empty());
    let everything = Value::from(of_link.clone()).to_string();
    for private in [&order.phone, &order.phone[2..], "The cake is ready", "Example Buyer"] {
        assert!(!everything.contains(private), "{private} is in the audit log");
    }

    till.http.get("/v1/audit-log").await.problem(403, "forbidden");
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    let theirs = stranger.http.whole_list("/v1/audit-log", 100).await;
    assert_eq!(acts(&theirs, "action"), ["key.create", "merchant.create"]);
    assert_eq!(acts(&theirs, "actor"), ["operator", "operator"]);
    let operator = app.operator().0;
    let all = operator.whole_list("/v1/admin/audit-log", 100).await;
    assert_eq!(all.len(), of_link.len() + theirs.len());
    let one = operator.get(&format!("/v1/admin/audit-log?limit=100&merchant_id={}", stranger.id)).await.json();
    assert_eq!(one["items"], Value::from(theirs));
    operator
        .ask(operator.request(Method::GET, "/v1/admin/audit-log?merchant_id=nobody"))
        .await
        .problem(422, "invalid_input");
    merchant.http.get("/v1/admin/audit-log").await.problem(401, "unauthorized");

    // A reminder is told from what was sent first.
    let first = till.sends(&others).await;
    till.sees_message(&first, "delivered").await;
    till.sends_again(&others).await;
    let sent = asked(&format!("subject={}", others.id)).await;
    assert_eq!(acts(&sent, "action"), ["link.send", "link.send", "link.create"]);
    assert_eq!(sent.iter().map(|entry| entry["again"] == true).collect::<Vec<_>>(), [true, false, false]);

    // What was archived is found, too.
    merchant.http.post(&format!("/v1/orders/{}/archive", order.id), &json!({})).await.with_status(200);
    assert_eq!(acts(&asked("q=23001").await, "action")[..2], ["order.archive", "link.void"], "an archived order");
}
