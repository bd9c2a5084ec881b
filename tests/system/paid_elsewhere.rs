//! Payments without Stripe: cash, a transfer, a card at a terminal.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Answer, App, Link, Merchant, eventually, on_both_databases};

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
);

async fn marks_paid(merchant: &Merchant, link: &Link, how: Value) -> Answer {
    merchant.http.post(&format!("/v1/payment-links/{}/mark-paid", link.id), &how).await
}

pub(crate) async fn unmarks_paid(merchant: &Merchant, link: &Link) -> Answer {
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
