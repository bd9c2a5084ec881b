//! Prepaid credits: a statement that adds up, a timely warning, and an audit that finds discrepancies.

use reqwest::{Method, header::ACCEPT};
use serde_json::{Value, json};

use crate::support::{App, on_both_databases};

on_both_databases!(
    the_ledger_is_a_statement_in_csv_too,
    low_credit_is_warned_of_once,
    an_audit_finds_a_row_that_was_changed,
    a_top_up_is_bounded,
);

async fn the_ledger_is_a_statement_in_csv_too(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;

    let csv = merchant.http.get("/v1/credits/entries?format=csv").await.with_status(200);
    assert!(csv.content_type().starts_with("text/csv"), "{}", csv.content_type());
    assert!(csv.header("content-disposition").contains("credits.csv"));
    let text = csv.text();
    let mut lines = text.split("\r\n");
    assert_eq!(
        lines.next(),
        Some(
            "number,created_at,kind,amount,held,available_after,message_id,note,id,order_number,customer_name,sent_by,\
             created_at_local"
        )
    );
    let columns = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        format!("{} {} {} {} {} {}", fields[0], fields[2], fields[3], fields[4], fields[5], fields[6])
    };
    let entries: Vec<String> = lines.take_while(|line| !line.is_empty()).map(columns).collect();
    let expected =
        ["1 top_up 100 0 100 ", &format!("2 hold -1 1 99 {message}"), &format!("3 capture 0 -1 99 {message}")];
    assert_eq!(entries, expected);

    let accepts = |accept: &str| merchant.http.request(Method::GET, "/v1/credits/entries").header(ACCEPT, accept);
    let same = merchant.http.ask(accepts("text/csv")).await.with_status(200);
    assert_eq!(same.text(), text);
    assert!(merchant.http.ask(accepts("application/json, text/csv")).await.json()["items"].is_array());
    merchant.http.get("/v1/credits/entries?format=xls").await.problem(422, "invalid_input");
    let newest = &merchant.http.get("/v1/credits/entries?limit=1").await.json()["items"][0];
    assert_eq!((&newest["number"], &newest["kind"]), (&json!(3), &json!("capture")));
    // Each text once: whose it is, and who sent it.
    let once = merchant.http.get("/v1/credits/entries?changing=true").await.with_status(200).json();
    let kinds: Vec<&Value> = once["items"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["hold", "top_up"]);
    let text = &once["items"][0];
    let asked = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
    assert_eq!((&text["order_id"], &text["order_number"]), (&asked["id"], &asked["number"]), "{text}");
    assert_eq!(text["customer_name"], asked["customer"]["name"], "{text}");
    assert!(text["sent_by"].as_str().unwrap().starts_with("key_"), "{text}");
}

async fn low_credit_is_warned_of_once(app: &mut App) {
    let operator = app.operator();
    let merchant = operator.makes_a_merchant("A Florist").await;
    app.connects(&merchant).await;
    operator.tops_up(&merchant, 10).await;
    let seen = async || merchant.http.get("/v1/credits").await.with_status(200).json();
    let balance = |seen: &Value| ["available", "held", "low", "threshold"].map(|field| seen[field].clone());
    assert_eq!(balance(&seen().await), [json!(10), json!(0), json!(false), json!(10)]);
    let order = merchant.opens_an_order("6201").await;
    let link = merchant.makes_a_link(&order).await;
    let warnings = || app.log().matches("credits are low").count();
    let before = warnings();

    for _ in 0..3 {
        let message = merchant.sends_again(&link).await;
        merchant.sees_message(&message, "delivered").await;
    }

    let low = seen().await;
    assert_eq!((&low["available"], &low["low"]), (&json!(7), &json!(true)));
    assert!(low["low_since"].is_string(), "{low}");
    assert_eq!(warnings() - before, 1);
    operator.tops_up(&merchant, 10).await;
    assert_eq!(balance(&seen().await), [json!(17), json!(0), json!(false), json!(10)]);
}

async fn an_audit_finds_a_row_that_was_changed(app: &mut App) {
    let audit = || app.runs(&["merchant", "audit", "--whole"]);
    assert!(audit().status.success());
    for (change, back) in [
        ("UPDATE merchant SET available = available + 1", "UPDATE merchant SET available = available - 1"),
        ("UPDATE merchant SET held = held + 1", "UPDATE merchant SET held = held - 1"),
        (
            "UPDATE credit_entry SET available_delta = available_delta + 1",
            "UPDATE credit_entry SET available_delta = available_delta - 1",
        ),
        (
            "UPDATE credit_entry SET available_after = available_after + 1",
            "UPDATE credit_entry SET available_after = available_after - 1",
        ),
        ("UPDATE credit_entry SET number = number + 1", "UPDATE credit_entry SET number = number - 1"),
    ] {
        app.rows_are_changed(change).await;
        let found = audit();
        assert_eq!(found.status.code(), Some(1), "{change} was not found");
        assert!(String::from_utf8(found.stdout).unwrap().contains(&app.hello.merchant_id), "{change}");
        app.rows_are_changed(back).await;
        assert!(audit().status.success());
    }
}

async fn a_top_up_is_bounded(app: &mut App) {
    let merchant = app.merchant();
    let operator = app.operator();
    let path = format!("/v1/admin/merchants/{}/credits", merchant.id);
    let (long, longest) = ("n".repeat(201), "n".repeat(200));
    for (credits, note, field) in [
        (0, "", "credits"),
        (-1, "", "credits"),
        (1_000_000_001, "", "credits"),
        (i64::MAX, "", "credits"),
        (1, long.as_str(), "note"),
        (1, "two\nlines", "note"),
    ] {
        let problem =
            operator.0.post(&path, &json!({"credits": credits, "note": note})).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        let by_command = app.runs(&["merchant", "top-up", &merchant.id, "--note", note, "--", &credits.to_string()]);
        assert!(!by_command.status.success(), "{by_command:?}");
    }
    operator.0.post(&path, &json!({"credits": 1_000_000_000, "note": longest})).await.with_status(201);
    assert_eq!(merchant.credits().await, (1_000_000_100, 0));
}
