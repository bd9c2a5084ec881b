//! Tenants: what belongs to whom, and who may do what with it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Http, Invoice, on_both_databases, order_body};

on_both_databases!(
    what_is_somebody_elses_does_not_exist,
    a_key_does_what_its_scope_says,
    a_list_is_paged_through_once_and_whole,
);

/// Calls that read and calls that change, about these things.
fn calls(order: &str, link: &str, message: &str, conversation: &str) -> (Vec<String>, Vec<(String, Value)>) {
    let reads = vec![
        format!("/v1/orders/{order}"),
        format!("/v1/orders/{order}/details.pdf"),
        format!("/v1/payment-links/{link}"),
        format!("/v1/payment-links/{link}/invoice"),
        format!("/v1/payment-links/{link}/evidence.pdf"),
        format!("/v1/payment-links/{link}/receipt.pdf"),
        format!("/v1/messages/{message}"),
        format!("/v1/conversations/{conversation}/messages"),
        format!("/v1/conversations/{conversation}/timeline"),
    ];
    let changes = vec![
        (format!("/v1/payment-links/{link}/send"), json!({})),
        (format!("/v1/payment-links/{link}/void"), json!({})),
        (format!("/v1/payment-links/{link}/mark-paid"), json!({"method": "cash"})),
        (format!("/v1/payment-links/{link}/unmark-paid"), json!({})),
        (format!("/v1/orders/{order}/mark-paid"), json!({"method": "cash"})),
        (format!("/v1/conversations/{conversation}/messages"), json!({"body": "Hello"})),
    ];
    (reads, changes)
}

/// The one who asks may see it, also that there is no receipt before the payment.
async fn is_there(http: &Http, path: &str) {
    let answer = http.get(path).await;
    if path.ends_with("/receipt.pdf") {
        answer.problem(409, "link_not_paid");
    } else {
        answer.with_status(200);
    }
}

async fn asks_for_a_link(http: &Http, order: &str) -> Answer {
    let path = format!("/v1/orders/{order}/payment-links");
    http.ask(http.request(Method::POST, &path).multipart(Invoice::default().form())).await
}

async fn what_is_somebody_elses_does_not_exist(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("12001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let conversation = merchant.conversation_with(&order.phone).await["id"].as_str().unwrap().to_owned();
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    app.connects(&stranger).await;
    app.operator().tops_up(&stranger, 10).await;

    let (mut reads, changes) = calls(&order.id, &link.id, &message, &conversation);
    reads.push("/v1/orders/by-number/12001".to_owned());
    for path in &reads {
        is_there(&merchant.http, path).await;
        stranger.http.get(path).await.problem(404, "not_found");
    }
    for (path, body) in &changes {
        stranger.http.post(path, body).await.problem(404, "not_found");
    }
    asks_for_a_link(&stranger.http, &order.id).await.problem(404, "not_found");
    for list in ["/v1/orders", "/v1/payment-links", "/v1/conversations"] {
        assert!(stranger.http.whole_list(list, 10).await.is_empty(), "{list}");
    }
    // One and the same answer for what is another's, what never was, and what is no id.
    for nothing in [link.id.replace("link_", "ord_").as_str(), "ord_00000000000000000000000000000000", "1"] {
        stranger.http.get(&format!("/v1/orders/{nothing}")).await.problem(404, "not_found");
    }
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
    assert_eq!(stranger.credits().await, (10, 0));
}

async fn a_key_does_what_its_scope_says(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("12002").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let conversation = merchant.conversation_with(&order.phone).await["id"].as_str().unwrap().to_owned();
    let (mut reads, changes) = calls(&order.id, &link.id, &message, &conversation);
    reads.push("/v1/orders/by-number/12002".to_owned());
    let reader = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "read").await).http;
    let writer = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "write").await).http;
    let stripe = json!({"secret_key": "sk_test_another"});

    for path in &reads {
        is_there(&reader, path).await;
    }
    for (path, body) in &changes {
        reader.post(path, body).await.problem(403, "forbidden");
    }
    reader.post("/v1/orders", &order_body("12003", &order.phone)).await.problem(403, "forbidden");
    asks_for_a_link(&reader, &order.id).await.problem(403, "forbidden");
    writer.post("/v1/orders", &order_body("12003", &order.phone)).await.with_status(201);
    for not_for_writers in [&reader, &writer] {
        not_for_writers.put("/v1/stripe-integration", &stripe).await.problem(403, "forbidden");
    }

    let nobody = app.anybody();
    let unknown = nobody.with_key("pk_00000000000000000000000000000000");
    let operator = nobody.with_key(&app.hello.operator_key);
    for stranger in [&nobody, &unknown, &operator] {
        for path in &reads {
            let answer = stranger.get(path).await;
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            answer.problem(401, "unauthorized");
        }
        for (path, body) in &changes {
            stranger.post(path, body).await.problem(401, "unauthorized");
        }
        asks_for_a_link(stranger, &order.id).await.problem(401, "unauthorized");
    }
    for no_operator in [&nobody, &unknown, &merchant.http] {
        no_operator.get("/v1/admin/jobs").await.problem(401, "unauthorized");
        no_operator.post("/v1/admin/merchants", &json!({"name": "Mine"})).await.problem(401, "unauthorized");
    }
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
    assert_eq!(merchant.credits().await, (99, 0));
}

async fn a_list_is_paged_through_once_and_whole(app: &mut App) {
    let merchant = app.merchant();
    let mut opened = BTreeSet::from([app.hello.order_id.clone()]);
    for number in 0..7 {
        let order = merchant.opens_an_order(&format!("13{number:03}")).await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        opened.insert(order.id);
    }

    for (list, wanted) in
        [("/v1/orders", 8), ("/v1/payment-links", 7), ("/v1/conversations", 7), ("/v1/credits/entries", 15)]
    {
        for limit in [1, 3, 7, 100] {
            let items = merchant.http.whole_list(list, limit).await;
            let ids: BTreeSet<_> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!((items.len(), ids.len()), (wanted, wanted), "{list} by {limit}");
            if list == "/v1/orders" {
                assert_eq!(ids, opened);
            }
        }
    }
    let found = merchant.http.get("/v1/orders?q=13003").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    let unpaid = merchant.http.get("/v1/payment-links?status=unpaid&limit=100").await.json();
    assert_eq!(unpaid["items"].as_array().unwrap().len(), 7);
    let none = merchant.http.get("/v1/orders?tag=none").await.json();
    assert_eq!(none["items"][0]["id"], app.hello.order_id.as_str());
}
