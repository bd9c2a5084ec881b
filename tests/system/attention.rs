//! Matters that need a person, and the figures of a period.

use chrono::Utc;
use serde_json::{Value, json};

use super::disputes::is_seen_to;
use crate::support::{App, Merchant, StripeEvent, eventually, on_both_databases};

on_both_databases!(
    a_payment_that_came_too_late_needs_a_person_until_they_say_it_does_not,
    a_reply_needs_a_person_until_it_is_read,
    a_text_that_was_not_delivered_needs_a_person_until_another_arrives,
    what_a_buyer_does_not_recognise_needs_nobody_once_it_is_closed,
    a_key_that_stripe_refuses_needs_a_person_until_it_takes_one,
    low_credit_needs_a_person_until_there_is_more,
    what_is_somebody_elses_needs_nobody_here,
    a_summary_says_what_is_owed_and_what_came,
    each_payment_on_top_needs_a_person,
);

/// The open matters.
pub(crate) async fn open(merchant: &Merchant) -> Vec<Value> {
    merchant.http.whole_list("/v1/attention", 10).await
}

/// The one open matter of this kind, as soon as there is one.
pub(crate) async fn needs(merchant: &Merchant, kind: &str) -> Value {
    eventually(&format!("{kind} needs a person"), async || {
        open(merchant).await.into_iter().find(|matter| matter["kind"] == kind)
    })
    .await
}

pub(crate) async fn needs_nobody(merchant: &Merchant, kind: &str) {
    eventually(&format!("{kind} needs nobody"), async || {
        open(merchant).await.iter().all(|matter| matter["kind"] != kind).then_some(())
    })
    .await;
}

async fn a_payment_that_came_too_late_needs_a_person_until_they_say_it_does_not(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = merchant.opens_an_order("32001").await;
    let link = merchant.makes_a_link(&order).await;
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.pays(&link).await;
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "paid").await;

    let matter = needs(&merchant, "review").await;
    assert_eq!((&matter["reason"], &matter["link_id"]), (&"paid_after_void".into(), &link.id.as_str().into()));
    assert_eq!((&matter["order_id"], &matter["order_number"]), (&order.id.as_str().into(), &"32001".into()));
    assert_eq!(matter["customer_name"], "Example Buyer");

    let resolve = format!("/v1/attention/{}/resolve", matter["id"].as_str().unwrap());
    merchant.http.post(&resolve, &json!({"note": "x".repeat(501)})).await.problem(422, "invalid_input");
    let resolved = merchant.http.post(&resolve, &json!({"note": "kept it"})).await.with_status(200).json();
    assert_eq!(resolved["note"], "kept it");
    assert!(resolved["resolved_by"].as_str().unwrap().starts_with("key_"), "{resolved}");
    needs_nobody(&merchant, "review").await;
    // To say it again changes nothing.
    let again = merchant.http.post(&resolve, &json!({})).await.with_status(200).json();
    assert_eq!(again, resolved);
    let past = merchant.http.get("/v1/attention?status=resolved&kind=review").await.with_status(200).json();
    assert_eq!(past["items"], json!([resolved]));
    merchant.http.get("/v1/attention?status=asleep").await.problem(422, "invalid_input");
    merchant.http.get("/v1/attention?kind=boredom").await.problem(422, "invalid_input");
    // The link still says what there was to look at.
    assert_eq!(merchant.link(&link.id).await["review"], "paid_after_void");
}

async fn a_reply_needs_a_person_until_it_is_read(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("32002").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;

    sandbox.buyer_texts(&order.phone, "Is it ready?").await;
    let matter = needs(&merchant, "unread_reply").await;
    sandbox.buyer_texts(&order.phone, "Hello?").await;
    let conversation = merchant.conversation_with(&order.phone).await;
    assert_eq!(matter["conversation_id"], conversation["id"]);
    assert_eq!((&matter["text"], &matter["customer_name"]), (&json!("Is it ready?"), &conversation["customer_name"]));
    let id = conversation["id"].as_str().unwrap().to_owned();
    eventually("both have come", async || {
        (merchant.conversation_with(&order.phone).await["unread"] == 2).then_some(())
    })
    .await;
    assert_eq!(open(&merchant).await.len(), 1);

    let read = format!("/v1/conversations/{id}/read");
    merchant.http.post(&read, &json!({})).await.with_status(204);
    needs_nobody(&merchant, "unread_reply").await;
    let past = merchant.http.get("/v1/attention?status=resolved").await.with_status(200).json();
    assert_eq!(past["items"][0]["resolved_by"], "system");
}

async fn a_text_that_was_not_delivered_needs_a_person_until_another_arrives(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("32003").await;
    let link = merchant.makes_a_link(&order).await;
    sandbox.fails(json!({"service": "sms", "times": 1, "mode": "status", "status": 400, "method": "POST"})).await;
    let refused = merchant.sends(&link).await;
    merchant.sees_message(&refused, "failed").await;

    let matter = needs(&merchant, "text_not_delivered").await;
    assert_eq!((&matter["message_id"], &matter["reason"]), (&refused.as_str().into(), &"failed".into()));
    assert_eq!((&matter["link_id"], &matter["order_number"]), (&link.id.as_str().into(), &"32003".into()));
    let asked = merchant.link(&link.id).await;
    for what in ["invoice_number", "amount", "currency"] {
        assert!(matter[what].is_string() && matter[what] == asked[what], "{matter}");
    }
    assert!(matter["text"].is_null(), "what was not sent is no reply: {matter}");

    let again = merchant.sends_again(&link).await;
    merchant.sees_message(&again, "delivered").await;
    needs_nobody(&merchant, "text_not_delivered").await;
}

async fn what_a_buyer_does_not_recognise_needs_nobody_once_it_is_closed(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let http = app.anybody();
    http.ask(http.request(reqwest::Method::POST, &format!("{}/unrecognised", link.url))).await.with_status(303);

    let matter = needs(&merchant, "unrecognised").await;
    assert_eq!(matter["link_id"], link.id.as_str());
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    needs_nobody(&merchant, "unrecognised").await;
}

async fn a_key_that_stripe_refuses_needs_a_person_until_it_takes_one(app: &mut App) {
    let merchant = app.merchant();
    let refused = json!({
        "secret_key": "sk_test_that_stripe_does_not_know",
        "webhook_secret": app.hello.webhook_secret,
    });
    merchant.http.put("/v1/stripe-integration", &refused).await.with_status(202);

    let matter = needs(&merchant, "stripe_connection").await;
    assert_eq!(matter["reason"], "key_refused");
    app.connects(&merchant).await;
    needs_nobody(&merchant, "stripe_connection").await;
}

async fn low_credit_needs_a_person_until_there_is_more(app: &mut App) {
    let (merchant, operator) = (app.merchant(), app.operator());
    let threshold = json!({"low_credit_threshold": 100});
    let changed = merchant.http.ask(merchant.http.request(reqwest::Method::PATCH, "/v1/merchant").json(&threshold));
    changed.await.with_status(200);
    let link = merchant.makes_a_link(&app.order()).await;
    merchant.sends(&link).await;

    needs(&merchant, "low_credit").await;
    operator.tops_up(&merchant, 1_000).await;
    needs_nobody(&merchant, "low_credit").await;
}

async fn what_is_somebody_elses_needs_nobody_here(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("32004").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    sandbox.buyer_texts(&order.phone, "Hello").await;
    let matter = needs(&merchant, "unread_reply").await;
    let stranger = app.operator().makes_a_merchant("A Florist").await;

    assert!(open(&stranger).await.is_empty());
    let resolve = format!("/v1/attention/{}/resolve", matter["id"].as_str().unwrap());
    stranger.http.post(&resolve, &json!({})).await.problem(404, "not_found");
    assert!(
        stranger.http.get("/v1/summary").await.with_status(200).json()["currencies"].as_array().unwrap().is_empty()
    );
    assert_eq!(open(&merchant).await.len(), 1);
}

async fn a_summary_says_what_is_owed_and_what_came(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let mut links = Vec::new();
    for number in 0..4 {
        let order = merchant.opens_an_order(&format!("3201{number}")).await;
        links.push(merchant.makes_a_link(&order).await);
    }
    buyer.pays(&links[0]).await;
    let elsewhere = format!("/v1/payment-links/{}/mark-paid", links[1].id);
    merchant.http.post(&elsewhere, &json!({"method": "cash"})).await.with_status(202);
    merchant.voids(&links[2]).await.with_status(202);
    for (link, status) in [(&links[0], "paid"), (&links[1], "paid"), (&links[2], "voided")] {
        merchant.sees(&link.id, status).await;
    }

    let summary = merchant.http.get("/v1/summary").await.with_status(200).json();
    assert_eq!(summary["set_up"], json!({"stripe": true, "carrier": true, "template": false, "order": true}));
    let [dollars] = summary["currencies"].as_array().unwrap().as_slice() else { panic!("{summary}") };
    let figures = |names: &[&str]| names.iter().map(|name| dollars[*name].clone()).collect::<Vec<_>>();
    assert_eq!(figures(&["currency", "outstanding", "paid", "refunded"]), ["usd", "129.50", "259.00", "0.00"]);
    let counts = figures(&["outstanding_links", "paid_links", "asked", "asked_and_paid", "viewed"]);
    assert_eq!(counts, [1, 2, 4, 2, 0]);
    assert!(dollars["median_seconds_to_pay"].as_i64().unwrap() < 600, "{summary}");
    let days = dollars["days"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["paid"]), (1, &"259.00".into()));

    let long_ago = merchant.http.get("/v1/summary?from=2020-01-01&to=2020-01-31").await.with_status(200).json();
    for part in long_ago["currencies"].as_array().unwrap() {
        assert_eq!((&part["paid"], &part["asked"]), (&"0.00".into(), &0.into()), "{long_ago}");
    }
    let today = Utc::now().format("%Y-%m-%d");
    merchant.http.get(&format!("/v1/summary?from={today}&to=2020-01-01")).await.problem(422, "invalid_input");
    merchant.http.get("/v1/summary?from=2020-01-01&to=2022-01-01").await.problem(422, "invalid_input");
    merchant.http.get("/v1/summary?from=yesterday").await.problem(422, "invalid_input");
}

/// How often something of this kind has changed.
pub(crate) async fn changes(merchant: &Merchant, kind: &str) -> usize {
    let feed = merchant.http.get("/v1/changes?after=0&limit=100").await.with_status(200).json();
    feed["items"].as_array().unwrap().iter().filter(|change| change["type"] == kind).count()
}

async fn each_payment_on_top_needs_a_person(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&merchant.opens_an_order("32021").await).await;
    for (session, reviews) in [("cs_1", 0), ("cs_2", 1), ("cs_3", 2)] {
        let paid = StripeEvent::about_session("checkout.session.completed", &link.id, session, "paid");
        app.is_told(&paid).await.with_status(200);
        merchant.sees(&link.id, "paid").await;
        if reviews > 0 {
            let matter = needs(&merchant, "review").await;
            assert_eq!((&matter["reason"], &matter["link_id"]), (&json!("amount_mismatch"), &json!(link.id)));
            is_seen_to(&merchant, "review").await;
        }
        eventually("the feed says it", async || (changes(&merchant, "link.review").await == reviews).then_some(()))
            .await;
    }
    // Told once more it changes nothing.
    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_3", "paid");
    app.is_told(&paid.later(1)).await.with_status(200);
    eventually("it is applied", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    needs_nobody(&merchant, "review").await;
}
