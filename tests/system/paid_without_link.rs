//! Payments without Stripe of orders that no link asks for.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::paid_elsewhere::unmarks_paid;
use crate::support::{Answer, App, Link, Merchant, Order, eventually, on_both_databases};

on_both_databases!(
    an_order_that_no_link_asks_for_is_marked_as_paid_and_taken_back,
    an_order_is_marked_as_paid_once_and_not_while_a_link_asks,
    a_payment_that_no_link_asked_for_is_counted_told_and_erased,
);

async fn marks_order_paid(merchant: &Merchant, order: &Order, how: Value) -> Answer {
    merchant.http.post(&format!("/v1/orders/{}/mark-paid", order.id), &how).await
}

/// The link that stands for the payment.
async fn is_paid_without_a_link(merchant: &Merchant, order: &Order, how: Value) -> Link {
    let paid = marks_order_paid(merchant, order, how).await.with_status(201).json();
    assert_eq!(paid["status"], "paid", "{paid}");
    Link { id: paid["id"].as_str().unwrap().to_owned(), url: String::new(), stripe_url: String::new() }
}

async fn an_order_that_no_link_asks_for_is_marked_as_paid_and_taken_back(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("31041").await;
    let path = format!("/v1/orders/{}/mark-paid", order.id);
    let how =
        json!({"method": "bank_transfer", "on": "2026-01-05", "note": "statement 3", "invoice_number": "RE-2026-7"});
    let request = || merchant.http.request(Method::POST, &path).header("Idempotency-Key", "once").json(&how);
    let made = app.sandbox().requests("stripe", "POST", "/v1/payment_links").await.len();

    let paid = merchant.http.ask(request()).await.with_status(201);
    let again = merchant.http.ask(request()).await.with_status(201);

    assert_eq!(again.header("idempotent-replayed"), "true");
    let location = paid.header("location").to_owned();
    let (paid, again) = (paid.json(), again.json());
    assert_eq!(paid, again);
    assert_eq!(location, format!("/v1/payment-links/{}", paid["id"].as_str().unwrap()));
    assert_eq!((&paid["status"], &paid["amount"]), (&"paid".into(), &"129.50".into()));
    assert_eq!(paid["invoice_number"], "RE-2026-7");
    let by = &paid["paid_by"];
    assert_eq!((&by["method"], &by["on"], &by["note"]), (&how["method"], &how["on"], &how["note"]));
    assert!(paid["url"].is_null() && paid["stripe_url"].is_null() && paid["review"].is_null(), "{paid}");
    let [entry] = paid["timeline"].as_array().unwrap().as_slice() else { panic!("{paid}") };
    assert_eq!((&entry["event"], &entry["actor"]), (&"paid".into(), &by["actor"]), "the merchant says so");
    assert_eq!(entry["detail"], "bank transfer on 2026-01-05: statement 3");
    assert_eq!(merchant.tag(&order).await, "paid");
    assert_eq!(app.sandbox().requests("stripe", "POST", "/v1/payment_links").await.len(), made, "Stripe is not asked");

    let link = paid["id"].as_str().unwrap();
    let pdf = merchant.http.get(&format!("/v1/payment-links/{link}/receipt.pdf")).await.with_status(200);
    assert!(String::from_utf8_lossy(&pdf.body).contains("Invoice RE-2026-7: 129.50 USD paid on"));
    merchant.http.get(&format!("/v1/payment-links/{link}/invoice")).await.problem(404, "not_found");
    merchant.http.post(&format!("/v1/payment-links/{link}/send"), &json!({})).await.problem(409, "link_not_open");
    merchant.http.post(&format!("/v1/payment-links/{link}/void"), &json!({})).await.problem(409, "link_paid");

    let link = Link { id: link.to_owned(), url: String::new(), stripe_url: String::new() };
    let writer = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "write").await);
    unmarks_paid(&writer, &link).await.problem(403, "forbidden");
    let voided = unmarks_paid(&merchant, &link).await.with_status(202).json();
    assert_eq!(voided["status"], "voided");
    assert!(voided["paid_by"].is_null() && voided["paid_at"].is_null(), "{voided}");
    assert_eq!(merchant.tag(&order).await, "none");

    // It is asked for and paid as any other order, and can be marked once more.
    let asked = merchant.makes_a_link(&order).await;
    merchant.voids(&asked).await.with_status(202);
    merchant.sees(&asked.id, "voided").await;
    let second = is_paid_without_a_link(&merchant, &order, json!({"method": "cash"})).await;
    app.turns_its_clock(TimeDelta::hours(25));
    unmarks_paid(&merchant, &second).await.problem(409, "too_late");
    assert_eq!(merchant.tag(&order).await, "paid");
}

async fn an_order_is_marked_as_paid_once_and_not_while_a_link_asks(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("31042").await;
    let link = merchant.makes_a_link(&order).await;
    marks_order_paid(&merchant, &order, json!({"method": "cash"})).await.problem(409, "link_open");
    assert_eq!(merchant.tag(&order).await, "unpaid");
    app.buyer().pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    marks_order_paid(&merchant, &order, json!({"method": "cash"})).await.problem(409, "order_paid");

    let order = merchant.opens_an_order("31043").await;
    let tomorrow = (Utc::now() + TimeDelta::days(2)).format("%Y-%m-%d").to_string();
    for (wrong, field) in [
        (json!({"method": "barter"}), "method"),
        (json!({"method": "cash", "on": tomorrow}), "on"),
        (json!({"method": "cash", "note": "x".repeat(501)}), "note"),
        (json!({"method": "cash", "amount": "0.00"}), "amount"),
        (json!({"method": "cash", "amount": "1.234"}), "amount"),
        (json!({"method": "cash", "invoice_number": "x".repeat(65)}), "invoice_number"),
    ] {
        let problem = marks_order_paid(&merchant, &order, wrong).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let archive = format!("/v1/orders/{}/archive", order.id);
    merchant.http.post(&archive, &json!({})).await.with_status(200);
    marks_order_paid(&merchant, &order, json!({"method": "cash"})).await.problem(409, "order_archived");

    // Two at the same moment are one payment.
    let order = merchant.opens_an_order("31044").await;
    let cash = || marks_order_paid(&merchant, &order, json!({"method": "cash"}));
    let (one, other) = tokio::join!(cash(), cash());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.text(), other.text());
    let order = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
    assert_eq!(order["links"].as_array().unwrap().len(), 1, "{order}");
}

async fn a_payment_that_no_link_asked_for_is_counted_told_and_erased(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("31045").await;
    let before = merchant.http.get("/v1/changes?limit=1").await.with_status(200).json()["last_seq"].clone();
    let day = (Utc::now() - TimeDelta::days(1)).format("%Y-%m-%d").to_string();
    let how = json!({"method": "terminal", "on": day, "amount": "100.00", "note": "to be erased", "invoice_number": "RE-ERASED"});
    let link = is_paid_without_a_link(&merchant, &order, how).await;

    let summary = merchant.http.get(&format!("/v1/summary?from={day}&to={day}")).await.with_status(200).json();
    let then = &summary["currencies"][0];
    assert_eq!((&then["paid"], &then["paid_links"]), (&"100.00".into(), &1.into()), "{summary}");
    let today = Utc::now().format("%Y-%m-%d").to_string();
    let summary = merchant.http.get(&format!("/v1/summary?from={day}&to={today}")).await.with_status(200).json();
    assert_eq!(summary["currencies"][0]["asked"], 0, "nobody was asked: {summary}");
    let found = merchant.http.get(&format!("/v1/payment-links?paid_from={day}&paid_to={day}")).await;
    assert_eq!(found.with_status(200).json()["items"][0]["id"], link.id.as_str());
    let csv = merchant.http.request(Method::GET, "/v1/payment-links?status=paid").header("Accept", "text/csv");
    let csv = merchant.http.ask(csv).await.with_status(200).text();
    assert!(csv.contains(",31045,Example Buyer,") && csv.contains(&format!(",terminal,{day},,")), "{csv}");

    eventually("the feed tells it", async || {
        let feed = merchant.http.get(&format!("/v1/changes?after={before}")).await.with_status(200).json();
        let items = feed["items"].as_array().unwrap().clone();
        let is_told = |kind: &str| items.iter().any(|item| item["type"] == kind);
        (is_told("link.paid") && is_told("order.updated")).then_some(())
    })
    .await;
    let log = merchant.http.get("/v1/audit-log").await.with_status(200).json();
    let entry = log["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "link.mark_paid").unwrap();
    assert_eq!(entry["subject"], link.id.as_str(), "{log}");

    app.passes(Utc::now() + TimeDelta::days(100));
    let purged = eventually("it is purged", async || {
        let link = merchant.link(&link.id).await;
        link["purged_at"].is_string().then_some(link)
    })
    .await;
    assert_eq!((&purged["status"], &purged["paid_by"]["method"]), (&"paid".into(), &"terminal".into()));
    assert!(purged["amount"].is_null() && purged["invoice_number"].is_null(), "{purged}");
    let rows = app.rows().await;
    for erased in [order.phone.as_str(), "RE-ERASED", "to be erased"] {
        let left = rows.lines().find(|row| row.contains(erased));
        assert_eq!(left, None, "{erased} is left");
    }
}
