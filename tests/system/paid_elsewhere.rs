//! Payments without Stripe: cash, a transfer, a card at a terminal.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Link, Merchant, Order, eventually, on_both_databases};

on_both_databases!(
    what_was_paid_in_cash_is_paid_once_stripe_has_closed_it,
    a_card_that_was_faster_than_the_cash_is_told_as_paid_twice,
    a_payment_elsewhere_is_taken_back_within_a_day,
    what_stripe_says_was_paid_is_never_taken_back,
    what_cannot_be_marked_is_refused,
    a_payment_elsewhere_survives_a_stripe_that_does_not_answer,
    what_is_asked_by_another_link_stays_asked_when_a_payment_is_taken_back,
    other_words_than_those_that_count_are_not_dropped_in_silence,
    what_came_elsewhere_counts_on_its_day,
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

async fn marks_paid(merchant: &Merchant, link: &Link, how: Value) -> Answer {
    merchant.http.post(&format!("/v1/payment-links/{}/mark-paid", link.id), &how).await
}

async fn unmarks_paid(merchant: &Merchant, link: &Link) -> Answer {
    merchant.http.post(&format!("/v1/payment-links/{}/unmark-paid", link.id), &json!({})).await
}

async fn what_was_paid_in_cash_is_paid_once_stripe_has_closed_it(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = merchant.opens_an_order("31001").await;
    let link = merchant.makes_a_link(&order).await;
    let session = buyer.opens_stripe(&link).await;

    let how = json!({"method": "cash", "on": "2026-01-05", "note": "at the counter"});
    let settling = marks_paid(&merchant, &link, how.clone()).await.with_status(202).json();
    assert_eq!(settling["status"], "settling");
    let paid = merchant.sees(&link.id, "paid").await;

    let by = &paid["paid_by"];
    assert_eq!((&by["method"], &by["on"], &by["note"]), (&how["method"], &how["on"], &how["note"]));
    assert!(by["actor"].as_str().unwrap().starts_with("key_"), "{by}");
    assert!(paid["review"].is_null(), "{paid}");
    assert_eq!(merchant.tag(&order).await, "paid");
    // Nobody can pay it any more, not even by a page that was open; and that is proved.
    assert_eq!(sandbox.payment_is_tried(&link).await, 409);
    assert_eq!(sandbox.is_told("pay", &json!({"session": session})).await.0, 409);
    let timeline = paid["timeline"].as_array().unwrap();
    let detail = |event: &str| {
        let entry =
            timeline.iter().find(|entry| entry["event"] == event).unwrap_or_else(|| panic!("no {event}: {paid}"));
        entry["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(detail("settling"), "cash on 2026-01-05: at the counter");
    assert!(detail("paid").contains("no session was paid at "), "{paid}");
    assert!(buyer.opens(&link).await.with_status(200).text().contains("is paid"));
    merchant.asks_to_send(&link).await.problem(409, "link_not_open");
    merchant.voids(&link).await.problem(409, "link_paid");
    marks_paid(&merchant, &link, how).await.problem(409, "link_paid");
}

async fn a_card_that_was_faster_than_the_cash_is_told_as_paid_twice(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = merchant.opens_an_order("31002").await;
    let link = merchant.makes_a_link(&order).await;
    // Stripe knows of the payment, and we do not.
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.pays(&link).await;

    marks_paid(&merchant, &link, json!({"method": "terminal"})).await.with_status(202);
    let paid = merchant.sees(&link.id, "paid").await;

    assert_eq!((&paid["review"], &paid["paid_by"]["method"]), (&"paid_twice".into(), &"stripe".into()));
    assert_eq!(merchant.tag(&order).await, "paid");
    unmarks_paid(&merchant, &link).await.problem(409, "not_paid_elsewhere");
    assert_eq!(merchant.link(&link.id).await["status"], "paid");

    // With the card's money back, the invoice is paid all the same.
    assert!(buyer.opens(&link).await.text().contains("had marked this invoice as paid already"));
    sandbox.does("webhooks", json!({})).await;
    let intent = paid["dashboard_url"].as_str().unwrap().rsplit('/').next().unwrap();
    sandbox.does("refund", json!({"payment_intent": intent, "amount": null})).await;
    let says = "This invoice is paid. You paid more than once, and what was too much, 129.50\u{a0}USD, was paid back";
    eventually("the buyer's page says so", async || buyer.opens(&link).await.text().contains(says).then_some(())).await;
}

async fn a_payment_elsewhere_is_taken_back_within_a_day(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("31003").await;
    let link = merchant.makes_a_link(&order).await;
    marks_paid(&merchant, &link, json!({"method": "check"})).await.with_status(202);
    merchant.sees(&link.id, "paid").await;
    let writer = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "write").await);
    unmarks_paid(&writer, &link).await.problem(403, "forbidden");

    let voided = unmarks_paid(&merchant, &link).await.with_status(202).json();

    assert_eq!(voided["status"], "voided");
    assert!(voided["paid_at"].is_null() && voided["paid_by"].is_null(), "{voided}");
    assert_eq!(merchant.tag(&order).await, "none");
    assert_eq!(app.sandbox().payment_is_tried(&link).await, 409);
    unmarks_paid(&merchant, &link).await.problem(409, "not_paid_elsewhere");

    let second = merchant.makes_a_link(&order).await;
    marks_paid(&merchant, &second, json!({"method": "other"})).await.with_status(202);
    merchant.sees(&second.id, "paid").await;
    app.turns_its_clock(TimeDelta::hours(25));
    unmarks_paid(&merchant, &second).await.problem(409, "too_late");
    assert_eq!(merchant.tag(&order).await, "paid");
}

async fn what_stripe_says_was_paid_is_never_taken_back(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = merchant.opens_an_order("31004").await;
    let link = merchant.makes_a_link(&order).await;
    unmarks_paid(&merchant, &link).await.problem(409, "not_paid_elsewhere");
    buyer.pays(&link).await;
    let paid = merchant.sees(&link.id, "paid").await;
    assert_eq!(paid["paid_by"], json!({"method": "stripe"}));

    unmarks_paid(&merchant, &link).await.problem(409, "not_paid_elsewhere");

    assert_eq!(merchant.link(&link.id).await["status"], "paid");
    assert_eq!(merchant.tag(&order).await, "paid");
}

async fn what_cannot_be_marked_is_refused(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let tomorrow = (Utc::now() + TimeDelta::days(2)).format("%Y-%m-%d").to_string();
    for (wrong, field) in [
        (json!({"method": "barter"}), "method"),
        (json!({"method": "cash", "on": tomorrow}), "on"),
        (json!({"method": "cash", "on": "yesterday"}), "on"),
        (json!({"method": "cash", "note": "x".repeat(501)}), "note"),
    ] {
        let problem = marks_paid(&merchant, &link, wrong).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
    merchant.voids(&link).await.with_status(202);
    marks_paid(&merchant, &link, json!({"method": "cash"})).await.problem(409, "link_not_open");
    merchant.sees(&link.id, "voided").await;
}

async fn a_payment_elsewhere_survives_a_stripe_that_does_not_answer(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    let trouble =
        json!({"service": "stripe", "times": 1, "mode": "status_after", "status": 500, "path": "/v1/payment_links"});
    sandbox.fails(trouble).await;

    marks_paid(&merchant, &link, json!({"method": "bank_transfer"})).await.with_status(202);
    // To say it twice is to say it once.
    let again = marks_paid(&merchant, &link, json!({"method": "bank_transfer"})).await;
    assert!(again.status == 202 || again.status == 409, "{}", again.text());

    let paid = merchant.sees(&link.id, "paid").await;
    assert_eq!(paid["paid_by"]["method"], "bank_transfer");
}

async fn what_is_asked_by_another_link_stays_asked_when_a_payment_is_taken_back(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("31020").await;
    let link = merchant.makes_a_link(&order).await;
    marks_paid(&merchant, &link, json!({"method": "cash"})).await.with_status(202);
    merchant.sees(&link.id, "paid").await;
    let second = merchant.makes_a_link(&order).await;

    unmarks_paid(&merchant, &link).await.with_status(202);

    assert_eq!(merchant.tag(&order).await, "unpaid");
    merchant.voids(&second).await.with_status(202);
    merchant.sees(&second.id, "voided").await;
    assert_eq!(merchant.tag(&order).await, "none");
}

async fn other_words_than_those_that_count_are_not_dropped_in_silence(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let closing = |times: u32| json!({"service": "stripe", "times": times, "mode": "status", "status": 403, "method": "POST", "path": "/v1/payment_links/"});
    let is_stuck = async |link: &Link| {
        eventually("it cannot be closed", async || merchant.link(&link.id).await["failure"].is_string().then_some(()))
            .await;
    };
    sandbox.fails(closing(1_000)).await;
    let link = merchant.makes_a_link(&merchant.opens_an_order("31021").await).await;
    let cash = json!({"method": "cash", "on": "2026-01-05", "note": "at the counter"});
    marks_paid(&merchant, &link, cash.clone()).await.with_status(202);
    is_stuck(&link).await;
    for other in [
        json!({"method": "terminal"}),
        json!({"method": "cash", "on": "2026-01-06"}),
        json!({"method": "cash", "note": "in the mail"}),
        json!({"method": "cash", "receipt": true}),
    ] {
        marks_paid(&merchant, &link, other).await.problem(409, "already_marked");
    }
    marks_paid(&merchant, &link, cash).await.with_status(202);
    marks_paid(&merchant, &link, json!({"method": "cash"})).await.with_status(202);

    let link = merchant.makes_a_link(&merchant.opens_an_order("31022").await).await;
    let void = format!("/v1/payment-links/{}/void", link.id);
    merchant.voids(&link).await.with_status(202);
    is_stuck(&link).await;
    merchant.http.post(&void, &json!({"reason": "they moved away"})).await.problem(409, "already_voided");
    for same in [json!({"reason": " a mistake "}), json!({})] {
        merchant.http.post(&void, &same).await.with_status(202);
    }
    sandbox.fails(closing(0)).await;
}

async fn what_came_elsewhere_counts_on_its_day(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = merchant.opens_an_order("31009").await;
    let link = merchant.makes_a_link(&order).await;
    let day = (Utc::now() - TimeDelta::days(40)).format("%Y-%m-%d").to_string();
    marks_paid(&merchant, &link, json!({"method": "bank_transfer", "on": day})).await.with_status(202);
    let paid = merchant.sees(&link.id, "paid").await;
    let found = async |list: &str, from: &str, to: &str| {
        let found =
            merchant.http.get(&format!("/v1/{list}?paid_from={from}&paid_to={to}")).await.with_status(200).json();
        found["items"].as_array().unwrap().len()
    };
    let today = Utc::now().format("%Y-%m-%d").to_string();
    let yesterday = (Utc::now() - TimeDelta::days(1)).format("%Y-%m-%d").to_string();

    // Long before its link was made, and not when it was noted.
    for list in ["payment-links", "orders"] {
        assert_eq!(found(list, &day, &day).await, 1, "{list}");
        assert_eq!(found(list, &yesterday, &today).await, 0, "{list}");
    }
    let summary = async |from: &str, to: &str| {
        let path = format!("/v1/summary?from={from}&to={to}");
        merchant.http.get(&path).await.with_status(200).json()["currencies"][0].clone()
    };
    let then = summary(&day, &day).await;
    assert_eq!((&then["paid_links"], &then["paid"]), (&json!(1), &paid["amount"]), "{then}");
    assert_eq!(then["days"], json!([{"day": day, "paid": paid["amount"]}]));
    assert!(then["median_seconds_to_pay"].is_null(), "only the day is known: {then}");
    assert_eq!(summary(&yesterday, &today).await["paid_links"], 0);

    // What Stripe reports counts when it was paid.
    let by_card = merchant.makes_a_link(&app.order()).await;
    buyer.pays(&by_card).await;
    merchant.sees(&by_card.id, "paid").await;
    assert_eq!(found("payment-links", &yesterday, &today).await, 1);
    let csv = merchant.http.request(reqwest::Method::GET, "/v1/payment-links?status=paid&sort=created_at");
    let csv = merchant.http.ask(csv.header("Accept", "text/csv")).await.with_status(200).text();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0].contains(",order_number,customer_name,customer_phone,paid_by,paid_on,stripe_payment_intent,"),
        "{csv}"
    );
    assert!(lines[1].contains(",31009,") && lines[1].contains(&format!(",bank_transfer,{day},,")), "{csv}");
    assert!(lines[2].contains(",stripe,") && lines[2].contains(",pi_"), "{csv}");
    let now = summary(&yesterday, &today).await;
    assert_eq!(now["paid_links"], 1, "{now}");
    assert!(now["median_seconds_to_pay"].is_i64(), "{now}");
}
