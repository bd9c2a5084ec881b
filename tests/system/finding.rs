//! Searching and exporting orders, links and messages.

use serde_json::{Value, json};

use crate::support::{App, Http, on_both_databases, order_body};

on_both_databases!(lists_are_narrowed_and_sorted, lists_are_taken_out_as_csv);

async fn found(http: &Http, path: &str) -> Vec<Value> {
    http.get(path).await.with_status(200).json()["items"].as_array().unwrap().clone()
}

async fn count(http: &Http, path: &str) -> usize {
    found(http, path).await.len()
}

async fn lists_are_narrowed_and_sorted(app: &mut App) {
    let merchant = app.merchant();
    let http = &merchant.http;
    let paid = merchant.opens_an_order("41001").await;
    let link = merchant.makes_a_link(&paid).await;
    let sent = merchant.sends(&link).await;
    merchant.sees_message(&sent, "delivered").await;
    assert_eq!(app.sandbox().payment_is_tried(&link).await, 200);
    merchant.sees(&link.id, "paid").await;
    let open = merchant.opens_an_order("41002").await;
    merchant.makes_a_link(&open).await;
    merchant.opens_an_order("41003").await;

    for (path, expected) in [
        ("/v1/orders?q=4100", 3),
        ("/v1/orders?q=4100&tag=unpaid", 1),
        ("/v1/orders?q=4100&status=unpaid", 1),
        ("/v1/orders?q=4100&status=unpaid,paid", 2),
        ("/v1/orders?q=4100&review=paid_after_void", 0),
        ("/v1/orders?q=4100&paid_from=2020-01-01", 1),
        ("/v1/orders?q=4100&paid_to=2020-01-01", 0),
        ("/v1/orders?q=4100&created_from=2020-01-01&created_to=2100-01-01T00:00:00Z", 3),
        ("/v1/orders?q=4100&created_to=2020-01-01T00:00:00%2B02:00", 0),
        ("/v1/payment-links?status=unpaid", 1),
        ("/v1/payment-links?status=unpaid,paid", 2),
        ("/v1/payment-links?tag=paid", 1),
        ("/v1/payment-links?archived=false", 2),
        ("/v1/payment-links?archived=true", 0),
        ("/v1/payment-links?paid_from=2020-01-01", 1),
        ("/v1/payment-links?currency=USD", 2),
        ("/v1/payment-links?currency=usd&status=paid", 1),
        ("/v1/payment-links?currency=chf", 0),
        ("/v1/messages?status=delivered", 1),
        ("/v1/messages?status=queued,failed", 0),
        ("/v1/messages?created_to=2020-01-01", 0),
        ("/v1/messages?q=nowhere", 0),
    ] {
        assert_eq!(count(http, path).await, expected, "{path}");
    }
    for (list, expected) in [("payment-links", 1), ("messages", 1)] {
        assert_eq!(count(http, &format!("/v1/{list}?order_id={}", paid.id)).await, expected, "{list}");
    }

    // Oldest first, page by page, is newest first backwards.
    let mut forwards = Vec::new();
    let mut cursor = String::new();
    loop {
        let page =
            http.get(&format!("/v1/orders?q=4100&sort=created_at&limit=2{cursor}")).await.with_status(200).json();
        forwards.extend(page["items"].as_array().unwrap().iter().map(|order| order["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut backwards: Vec<Value> =
        found(http, "/v1/orders?q=4100&sort=-created_at").await.into_iter().map(|order| order["id"].clone()).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);

    for (path, field) in [
        ("/v1/orders?created_from=yesterday", "created_from"),
        ("/v1/orders?created_from=2026-02-30", "created_from"),
        ("/v1/orders?sort=amount", "sort"),
        ("/v1/orders?archived=yes", "archived"),
        ("/v1/payment-links?status=unpaid,lost", "status"),
        ("/v1/payment-links?currency=xxy", "currency"),
        ("/v1/payment-links?order_id=1", "order_id"),
    ] {
        let problem = http.get(path).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{path}: {problem}");
    }
}

async fn lists_are_taken_out_as_csv(app: &mut App) {
    let merchant = app.merchant();
    let http = &merchant.http;
    for number in 0..3 {
        merchant.opens_an_order(&format!("4200{number}")).await;
    }
    let csv = async |path: &str| {
        let request = http.request(reqwest::Method::GET, path).header("Accept", "text/csv");
        let answer = http.ask(request).await.with_status(200);
        assert!(answer.content_type().starts_with("text/csv"), "{path}");
        assert!(answer.header("content-disposition").contains(".csv"), "{path}");
        answer.text()
    };
    let orders = csv("/v1/orders?q=4200&limit=1&sort=created_at").await;
    let lines: Vec<&str> = orders.lines().collect();
    assert!(lines[0].starts_with("id,number,customer_name,") && lines.len() == 4, "{orders}");
    assert!(lines[1].contains(",42000,") && lines[3].contains(",42002,"), "{orders}");
    assert_eq!(csv("/v1/orders?q=nothing").await.lines().count(), 1);
    assert_eq!(csv("/v1/payment-links").await.lines().count(), 1);
    assert_eq!(csv("/v1/messages").await.lines().count(), 1);

    let mut taxed = order_body("42003", "+12025550123");
    taxed["amount"] = "111.50".into();
    taxed["items"] = json!([{"description": "Cake", "quantity": 1, "unit_amount": "100.00"}]);
    taxed["tax"] = "6.00".into();
    taxed["invoice_date"] = "2026-01-02".into();
    taxed["due_date"] = "2026-01-16".into();
    taxed["metadata"] = json!({"Kd-Nr.": "10490"});
    let order = http.post("/v1/orders", &taxed).await.with_status(201).json();
    let paid = json!({"method": "cash", "on": "2026-01-05"});
    let path = format!("/v1/orders/{}/mark-paid", order["id"].as_str().unwrap());
    http.post(&path, &paid).await.with_status(201);
    let links = csv("/v1/payment-links").await;
    let lines: Vec<&str> = links.lines().collect();
    assert!(lines[0].contains(",notes,metadata,shipping,discount,tax,net_amount,order_metadata,"), "{links}");
    assert!(
        lines[1].contains(",5.50,,6.00,105.50,\"{\"\"Kd-Nr.\"\":\"\"10490\"\"}\",2026-01-02,2026-01-16,"),
        "{links}"
    );

    // Times are there by the merchant's clock, too: a day's work is of that day.
    let far = json!({"time_zone": "Pacific/Kiritimati"});
    http.ask(http.request(reqwest::Method::PATCH, "/v1/merchant").json(&far)).await.with_status(200);
    let orders = csv("/v1/orders?q=42003").await;
    let at: chrono::DateTime<chrono::Utc> = order["created_at"].as_str().unwrap().parse().unwrap();
    let local = (at + chrono::TimeDelta::hours(14)).format("%Y-%m-%d %H:%M:%S");
    assert!(orders.contains(&format!(",2026-01-02,2026-01-16,{local},")), "{orders}");
}
