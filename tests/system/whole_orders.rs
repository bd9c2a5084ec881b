//! Orders can be corrected, are found by their number, can be archived, and say who did what to them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Http, Order, on_both_databases, order_body};

on_both_databases!(
    an_order_is_corrected_and_says_by_whom,
    what_was_asked_stays_while_a_link_is_open,
    a_corrected_number_gets_the_next_text,
    a_number_is_of_one_order,
    an_order_has_dates_of_its_own,
    an_archived_order_is_out_of_the_lists,
    what_software_keeps_with_a_link_comes_back,
);

pub(crate) async fn patch(http: &Http, path: &str, body: &Value) -> Answer {
    http.ask(http.request(Method::PATCH, path).json(body)).await
}

async fn an_order_is_corrected_and_says_by_whom(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("40001").await;
    let path = format!("/v1/orders/{}", order.id);
    let changes = json!({
        "number": "40001-B", "notes": " Ring twice. ", "metadata": {"cart": "c-77"}, "amount": "20.00", "items": [],
        "shipping": null, "discount": null, "customer": {"name": "Another Buyer", "language": "pt-BR"},
    });
    let changed = patch(&merchant.http, &path, &changes).await.with_status(200).json();
    assert_eq!((&changed["number"], &changed["amount"]), (&"40001-B".into(), &"20.00".into()));
    assert_eq!((&changed["notes"], &changed["metadata"]), (&"Ring twice.".into(), &json!({"cart": "c-77"})));
    assert_eq!(changed["customer"]["name"], "Another Buyer");
    assert_eq!(changed["customer"]["language"], "pt-BR");
    assert_eq!(changed["customer"]["phone"], order.phone.as_str());
    assert!(changed.get("shipping").is_none() && changed.get("discount").is_none(), "{changed}");

    // Setting the current value is no change; `null` removes.
    patch(&merchant.http, &path, &changes).await.with_status(200);
    patch(&merchant.http, &path, &json!({"notes": null, "customer": {"language": null}})).await.with_status(200);
    let seen = merchant.http.get(&path).await.with_status(200).json();
    assert!(seen.get("notes").is_none() && seen["customer"].get("language").is_none(), "{seen}");
    let history = seen["history"].as_array().unwrap();
    let told: Vec<_> =
        history.iter().map(|entry| (entry["event"].as_str().unwrap(), entry["fields"].clone())).collect();
    assert_eq!(
        told,
        [
            ("order.change", json!(["customer.language", "notes"])),
            ("order.change", json!(["number", "customer.name", "customer.language", "amount", "metadata", "notes"])),
            ("order.create", json!([])),
        ]
    );
    assert!(history[0]["actor"].as_str().unwrap().starts_with("key_") && history[0]["actor_name"].is_string());

    for (bad, field) in [
        (json!({"customer": {"phone": "hello"}}), "customer.phone"),
        (json!({"customer": {"name": " "}}), "customer.name"),
        (json!({"amount": "12.345"}), "amount"),
        (json!({"metadata": {"x".repeat(41): "a"}}), "metadata"),
        (json!({"notes": "x".repeat(2_001)}), "notes"),
        (json!({"number": "4000\u{202e}1"}), "number"),
        (json!({"customer": {"language": "english please"}}), "customer.language"),
    ] {
        let problem = patch(&merchant.http, &path, &bad).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let unknown = patch(&merchant.http, &path, &json!({"customer": {"email": "a@example.com"}})).await;
    assert_eq!(unknown.problem(422, "unknown_field")["errors"][0]["field"], "customer.email");
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    patch(&stranger.http, &path, &json!({"notes": "x"})).await.problem(404, "not_found");
}

async fn what_was_asked_stays_while_a_link_is_open(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("40101").await;
    let link = merchant.makes_a_link(&order).await;
    let path = format!("/v1/orders/{}", order.id);
    for asked in [json!({"number": "X"}), json!({"amount": "1.00", "items": [], "shipping": null, "discount": null})] {
        patch(&merchant.http, &path, &asked).await.problem(409, "link_open");
    }
    merchant.http.post(&format!("{path}/archive"), &json!({})).await.problem(409, "link_open");
    // Setting the current amount is no change.
    patch(&merchant.http, &path, &json!({"amount": "129.50", "notes": "x"})).await.with_status(200);
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    patch(&merchant.http, &path, &json!({"number": "40102"})).await.with_status(200);
}

async fn an_order_has_dates_of_its_own(app: &mut App) {
    let merchant = app.merchant();
    let mut body = order_body("40150", "+12025569150");
    body["invoice_date"] = "2026-01-31".into();
    body["due_date"] = "2026-01-30".into();
    let problem = merchant.http.post("/v1/orders", &body).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "due_date", "{problem}");
    body["due_date"] = "2026-02-30".into();
    let problem = merchant.http.post("/v1/orders", &body).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["reason"], "is not a date such as 2026-12-31", "{problem}");
    body["due_date"] = "2026-02-14".into();
    let order = merchant.http.post("/v1/orders", &body).await.with_status(201).json();
    assert_eq!((&order["invoice_date"], &order["due_date"]), (&"2026-01-31".into(), &"2026-02-14".into()));
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let details = async || merchant.http.get(&format!("{path}/details.pdf")).await.with_status(200).body;
    let printed = details().await;
    patch(&merchant.http, &path, &json!({"due_date": "2026-01-01"})).await.problem(422, "invalid_input");
    let changed = patch(&merchant.http, &path, &json!({"due_date": null})).await.with_status(200).json();
    assert!(changed["due_date"].is_null() && changed["invoice_date"] == "2026-01-31", "{changed}");
    assert_ne!(details().await, printed, "it says until when");
    patch(&merchant.http, &path, &json!({"due_date": "2026-02-14"})).await.with_status(200);
    assert_eq!(details().await, printed);

    // It is overdue once it is asked for, as long as it is unpaid.
    let overdue = async || merchant.http.whole_list("/v1/orders?overdue=true", 10).await;
    let later = merchant.opens_an_order("40151").await;
    let far = json!({"due_date": "2999-12-31"});
    patch(&merchant.http, &format!("/v1/orders/{}", later.id), &far).await.with_status(200);
    merchant.makes_a_link(&later).await;
    assert!(overdue().await.is_empty());
    let asked = Order { id: order["id"].as_str().unwrap().to_owned(), phone: "+12025569150".to_owned() };
    let link = merchant.makes_a_link(&asked).await;
    // The buyer reads it too, while it can be paid.
    let page = async || app.buyer().opens(&link).await.with_status(200).text();
    let due = "<dt>Due</dt><dd>14 February 2026</dd>";
    let before = page().await;
    assert!(before.contains(due), "{before}");
    let found = overdue().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["number"], &found[0]["notices"]), (&"40150".into(), &json!(["overdue"])));
    let summary = merchant.http.get("/v1/summary").await.with_status(200).json();
    let figures = &summary["currencies"][0];
    assert_eq!((&figures["overdue"], &figures["overdue_orders"]), (&"129.50".into(), &1.into()), "{figures}");
    assert_eq!(figures["overdue_more"], false, "{figures}");
    // What the lists come to.
    for (list, count, sums) in [
        ("/v1/orders?overdue=true", 1, ["129.50", "129.50"]),
        ("/v1/orders?q=4015", 2, ["259.00", "259.00"]),
        ("/v1/payment-links?status=unpaid", 2, ["259.00", "259.00"]),
    ] {
        let page = merchant.http.get(&format!("{list}&limit=1&totals=true")).await.with_status(200).json();
        let sums = json!([{"currency": "usd", "amount": sums[0], "unpaid": sums[1]}]);
        assert_eq!(page["totals"], json!({"count": count, "more": false, "sums": sums}), "{list}");
    }
    assert!(merchant.http.get("/v1/orders").await.with_status(200).json().get("totals").is_none());
    merchant.http.get("/v1/orders?overdue=true&tag=paid").await.problem(422, "invalid_input");
    patch(&merchant.http, &path, &json!({"due_date": "2999-12-31"})).await.problem(409, "link_open");
    app.buyer().pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    assert!(!page().await.contains("<dt>Due</dt>"));
    assert!(overdue().await.is_empty());
    let summary = merchant.http.get("/v1/summary").await.with_status(200).json();
    assert_eq!(summary["currencies"][0]["overdue_orders"], 0, "{summary}");
    let paid = merchant.http.get("/v1/orders?q=4015&limit=1&totals=true").await.with_status(200).json();
    let sums = json!([{"currency": "usd", "amount": "259.00", "unpaid": "129.50"}]);
    assert_eq!(paid["totals"]["sums"], sums, "{paid}");
}

async fn a_corrected_number_gets_the_next_text(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("40201").await;
    let link = merchant.makes_a_link(&order).await;
    let sent = merchant.sends(&link).await;
    merchant.sees_message(&sent, "delivered").await;
    let right = "+12025569201";
    merchant.http.hush().private(right);
    let path = format!("/v1/orders/{}", order.id);
    patch(&merchant.http, &path, &json!({"customer": {"phone": right}})).await.with_status(200);
    let again = merchant.sends(&link).await;
    assert_eq!(merchant.sees_message(&again, "delivered").await["to"], right);
    merchant.conversation_with(&order.phone).await;
    merchant.conversation_with(right).await;
}

async fn a_number_is_of_one_order(app: &mut App) {
    let merchant = app.merchant();
    let first = merchant.opens_an_order("40301").await;
    let body = order_body("40301", "+12025569301");
    let problem = merchant.http.post("/v1/orders", &body).await.problem(409, "order_exists");
    assert_eq!(problem["order_id"], first.id.as_str());
    let other = merchant.opens_an_order("40302").await;
    let path = format!("/v1/orders/{}", other.id);
    let problem = patch(&merchant.http, &path, &json!({"number": "40301"})).await.problem(409, "order_exists");
    assert_eq!(problem["order_id"], first.id.as_str());
    // Of many at once one is made.
    let body = order_body("40303", "+12025569303");
    let asked = futures_util::future::join_all((0..8).map(|_| merchant.http.post("/v1/orders", &body))).await;
    let statuses: Vec<u16> = asked.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
    // Numbers are each merchant's own.
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    stranger.http.post("/v1/orders", &order_body("40301", "+12025569304")).await.with_status(201);
}

async fn an_archived_order_is_out_of_the_lists(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("40501").await;
    let path = format!("/v1/orders/{}", order.id);
    let listed = async |query: &str| {
        let list = merchant.http.get(&format!("/v1/orders?q=40501{query}")).await.with_status(200).json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!((listed("").await, listed("&archived=true").await), (1, 0));
    let post = async |what: &str| merchant.http.post(&format!("{path}/{what}"), &json!({})).await;
    for _ in 0..2 {
        assert!(post("archive").await.with_status(200).json()["archived_at"].is_string());
    }
    assert_eq!((listed("").await, listed("&archived=true").await), (0, 1));
    assert_eq!(events(&merchant.http.get(&path).await.with_status(200).json()), ["order.archive", "order.create"]);
    // Its number is free, until another has it.
    assert!(post("unarchive").await.with_status(200).json().get("archived_at").is_none());
    post("archive").await.with_status(200);
    let second = merchant.opens_an_order("40501").await;
    assert_eq!(post("unarchive").await.problem(409, "order_exists")["order_id"], second.id.as_str());
}

async fn what_software_keeps_with_a_link_comes_back(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("40601").await;
    let path = format!("/v1/orders/{}/payment-links", order.id);
    let ask = async |metadata: &str| {
        let form = reqwest::multipart::Form::new().text("metadata", metadata.to_owned());
        merchant.http.ask(merchant.http.request(Method::POST, &path).multipart(form)).await
    };
    for bad in ["x", "[]", "{\"a\": 1}", "{\"a\": \"\\u0000\"}"] {
        assert_eq!(ask(bad).await.problem(422, "invalid_input")["errors"][0]["field"], "metadata", "{bad}");
    }
    let link = ask("{\"cart\": \"c-77\"}").await.with_status(202).json();
    assert_eq!(link["metadata"], json!({"cart": "c-77"}));
    let link = merchant.sees(link["id"].as_str().unwrap(), "unpaid").await;
    assert_eq!(link["metadata"], json!({"cart": "c-77"}));
}

/// The history of an order, newest first.
fn events(order: &Value) -> Vec<&str> {
    order["history"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect()
}
