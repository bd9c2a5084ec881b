//! Credits that merchants buy from the operator, on a page of the operator's own Stripe.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Merchant, eventually, on_both_databases, sign};

on_both_databases!(
    a_pack_is_bought_once_whatever_is_told_how_often,
    credits_go_back_with_their_price_as_far_as_they_are_there,
    a_disputed_purchase_takes_its_credits_back_until_it_is_won,
    a_purchase_of_which_no_webhook_tells_is_found,
    what_is_paid_later_is_credited_later_or_never,
    a_page_that_cannot_be_made_is_told_and_costs_nothing,
    what_is_no_word_of_the_operators_stripe_changes_nothing,
    a_correction_says_why_and_never_takes_what_is_not_there,
    the_longest_prefix_says_what_a_text_costs,
    a_merchant_is_told_once_by_a_text_that_credits_are_low,
);

/// As the demo has it.
const SECRET: &str = "whsec_paylink_demo_operator";
const SMALL: &str = "100-for-5-00-usd";

async fn buys(merchant: &Merchant, pack: &str) -> Value {
    let made = merchant.http.post("/v1/credit-purchases", &json!({"pack": pack})).await.with_status(202).json();
    assert_eq!((&made["status"], &made["credited"]), (&json!("creating"), &json!(0)), "{made}");
    stands(merchant, &made, "open").await
}

async fn stands(merchant: &Merchant, purchase: &Value, status: &str) -> Value {
    shows(merchant, purchase, status, |seen| seen["status"] == status).await
}

async fn shows(merchant: &Merchant, purchase: &Value, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/v1/credit-purchases/{}", purchase["id"].as_str().unwrap());
    eventually(what, async || {
        let seen = merchant.http.get(&path).await.with_status(200).json();
        is(&seen).then_some(seen)
    })
    .await
}

/// Which checkout session a purchase is paid by.
fn session(purchase: &Value) -> &str {
    purchase["url"].as_str().unwrap().rsplit('/').next().unwrap()
}

/// Pays; answers the payment.
async fn pays(app: &App, purchase: &Value) -> String {
    let paid = app.sandbox().does("pay", json!({"session": session(purchase)})).await;
    paid["payment_intent"].as_str().unwrap().to_owned()
}

async fn is_told(app: &App, event: &Value, secret: &str) -> u16 {
    let body = event.to_string();
    let signature = sign(secret, chrono::Utc::now().timestamp(), &body);
    let http = app.anybody();
    let request = http.request(Method::POST, "/webhooks/operator/stripe").header("Stripe-Signature", signature);
    http.ask(request.body(body)).await.status
}

async fn everything_is_done(app: &App) {
    eventually("every job is done", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
}

async fn a_pack_is_bought_once_whatever_is_told_how_often(app: &mut App) {
    let merchant = app.merchant();
    let packs = merchant.http.get("/v1/credit-packs").await.with_status(200).json();
    assert_eq!(packs["items"][0], json!({"id": SMALL, "credits": 100, "amount": "5.00", "currency": "usd"}));
    merchant.http.post("/v1/credit-purchases", &json!({"pack": "9-for-1-00-usd"})).await.problem(422, "invalid_input");
    app.sandbox().does("webhooks", json!({"duplicate": 2, "shuffle": true})).await;

    let open = buys(&merchant, SMALL).await;
    let payment = pays(app, &open).await;
    let paid = stands(&merchant, &open, "paid").await;

    assert_eq!((&paid["credited"], &paid["url"]), (&json!(100), &Value::Null), "{paid}");
    assert!(paid["paid_at"].is_string(), "{paid}");
    app.sandbox().has_told_everything().await;
    let again = json!({"id": "evt_again", "data": {"object": {"payment_intent": payment, "metadata": {}}}});
    assert_eq!(is_told(app, &again, SECRET).await, 200);
    everything_is_done(app).await;
    assert_eq!(merchant.credits().await, (200, 0));
    assert_eq!(merchant.ledger().await, ["top_up", "purchase"]);
    let entry = &merchant.http.get("/v1/credits/entries?limit=1").await.json()["items"][0];
    assert_eq!((&entry["purchase_id"], &entry["amount"]), (&open["id"], &json!(100)));
    let listed = merchant.http.get("/v1/credit-purchases").await.with_status(200).json();
    assert_eq!(listed["items"][0]["id"], open["id"]);
    let other = app.operator().makes_a_merchant("A Florist").await;
    let path = format!("/v1/credit-purchases/{}", open["id"].as_str().unwrap());
    other.http.get(&path).await.problem(404, "not_found");
    assert!(app.runs(&["merchant", "audit"]).status.success());
}

async fn credits_go_back_with_their_price_as_far_as_they_are_there(app: &mut App) {
    let operator = app.operator();
    let merchant = operator.makes_a_merchant("A Florist").await;
    let open = buys(&merchant, SMALL).await;
    let payment = pays(app, &open).await;
    stands(&merchant, &open, "paid").await;

    let back = app.sandbox().does("refund", json!({"payment_intent": payment, "amount": 100})).await;
    let part = shows(&merchant, &open, "a fifth went back", |seen| seen["credited"] == 80).await;
    assert_eq!((&part["status"], &part["refunded_amount"]), (&json!("paid"), &json!("1.00")), "{part}");
    app.sandbox().does("refund/settle", json!({"refund": back["refund"], "status": "failed"})).await;
    shows(&merchant, &open, "it did not go back after all", |seen| seen["credited"] == 100).await;

    let path = format!("/v1/admin/merchants/{}/credit-corrections", merchant.id);
    operator.0.post(&path, &json!({"credits": -60, "reason": "sent by another system"})).await.with_status(201);
    app.sandbox().does("refund", json!({"payment_intent": payment})).await;
    let whole = shows(&merchant, &open, "what was there was taken", |seen| seen["credited"] == 60).await;
    assert_eq!((&whole["short"], &whole["refunded_amount"]), (&json!(60), &json!("5.00")), "{whole}");
    assert_eq!(merchant.credits().await, (0, 0));
    let all = operator.0.get(&format!("/v1/admin/credit-purchases?merchant_id={}", merchant.id)).await.json();
    assert_eq!((&all["items"][0]["short"], &all["items"][0]["merchant_id"]), (&json!(60), &json!(merchant.id)));
    assert_eq!(merchant.ledger().await, ["purchase", "refund", "refund", "correction", "refund"]);
    // Missing credits are taken once they are available.
    operator.tops_up(&merchant, 70).await;
    app.passes(chrono::Utc::now() + chrono::TimeDelta::minutes(6));
    shows(&merchant, &open, "the rest was taken", |seen| seen["credited"] == 0 && seen["short"].is_null()).await;
    assert_eq!(merchant.credits().await, (10, 0));
    assert!(app.runs(&["merchant", "audit"]).status.success());
}

async fn a_disputed_purchase_takes_its_credits_back_until_it_is_won(app: &mut App) {
    let merchant = app.merchant();
    let open = buys(&merchant, SMALL).await;
    let payment = pays(app, &open).await;
    stands(&merchant, &open, "paid").await;

    app.sandbox().does("dispute", json!({"payment_intent": payment})).await;
    shows(&merchant, &open, "the bank has the money", |seen| seen["credited"] == 0).await;
    assert_eq!(merchant.credits().await, (100, 0));
    app.sandbox().does("dispute/close", json!({"payment_intent": payment, "status": "won"})).await;
    shows(&merchant, &open, "the money is back", |seen| seen["credited"] == 100).await;
    assert_eq!(merchant.credits().await, (200, 0));
}

async fn a_purchase_of_which_no_webhook_tells_is_found(app: &mut App) {
    let merchant = app.merchant();
    app.sandbox().does("webhooks", json!({"drop": true})).await;
    let open = buys(&merchant, SMALL).await;
    pays(app, &open).await;

    app.passes(chrono::Utc::now() + chrono::TimeDelta::minutes(20));

    stands(&merchant, &open, "paid").await;
    assert_eq!(merchant.credits().await, (200, 0));
}

async fn what_is_paid_later_is_credited_later_or_never(app: &mut App) {
    let merchant = app.merchant();
    for (succeed, status, credits) in [(true, "paid", 200), (false, "failed", 200)] {
        let open = buys(&merchant, SMALL).await;
        app.sandbox().does("pay", json!({"session": session(&open), "async": true})).await;
        stands(&merchant, &open, "processing").await;
        app.sandbox().does("settle", json!({"session": session(&open), "succeed": succeed})).await;
        stands(&merchant, &open, status).await;
        assert_eq!(merchant.credits().await, (credits, 0));
    }
}

async fn a_page_that_cannot_be_made_is_told_and_costs_nothing(app: &mut App) {
    let merchant = app.merchant();
    let refused = json!({"service": "stripe", "times": 1, "mode": "status", "status": 400, "method": "POST", "path": "/v1/checkout/sessions?"});
    app.sandbox().fails(refused).await;

    let made = merchant.http.post("/v1/credit-purchases", &json!({"pack": SMALL})).await.with_status(202).json();

    let failed = stands(&merchant, &made, "failed").await;
    assert!(failed["failure"].as_str().unwrap().contains("cannot be bought"), "{failed}");
    assert_eq!(merchant.credits().await, (100, 0));
}

async fn what_is_no_word_of_the_operators_stripe_changes_nothing(app: &mut App) {
    let merchant = app.merchant();
    let open = buys(&merchant, SMALL).await;
    let lie = json!({"id": "evt_lie", "data": {"object": {"metadata": {"paylink_credit_purchase": open["id"]}}}});
    assert_eq!(is_told(app, &lie, "whsec_of_somebody_else").await, 400);
    // A signed event is only a reason to ask.
    assert_eq!(is_told(app, &lie, SECRET).await, 200);
    let thin = json!({"id": "evt_thin", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"});
    assert_eq!(is_told(app, &thin, SECRET).await, 200);
    let of_others = json!({"id": "evt_other", "data": {"object": {"payment_intent": "pi_of_other_software"}}});
    assert_eq!(is_told(app, &of_others, SECRET).await, 200);
    everything_is_done(app).await;
    stands(&merchant, &open, "open").await;
    assert_eq!(merchant.credits().await, (100, 0));
}

async fn a_correction_says_why_and_never_takes_what_is_not_there(app: &mut App) {
    let (operator, merchant) = (app.operator(), app.merchant());
    let path = format!("/v1/admin/merchants/{}/credit-corrections", merchant.id);
    for wrong in [
        json!({"credits": 0, "reason": "none"}),
        json!({"credits": 5, "reason": " "}),
        json!({"credits": -101, "reason": "too many"}),
        json!({"credits": i64::MIN, "reason": "too many"}),
    ] {
        operator.0.post(&path, &wrong).await.problem(422, "invalid_input");
    }
    let right = json!({"credits": -5, "reason": "counted twice on Monday"});
    let seen = operator.0.post(&path, &right).await.with_status(201).json();
    assert_eq!(seen["available"], json!(95));
    let entry = &merchant.http.get("/v1/credits/entries?limit=1").await.json()["items"][0];
    assert_eq!((&entry["kind"], &entry["note"]), (&json!("correction"), &json!("counted twice on Monday")));
}

async fn the_longest_prefix_says_what_a_text_costs(app: &mut App) {
    let (operator, merchant) = (app.operator(), app.merchant());
    let path = format!("/v1/admin/merchants/{}", merchant.id);
    let patch = async |body: Value| operator.0.ask(operator.0.request(Method::PATCH, &path).json(&body)).await;
    for wrong in [json!({"rates": {"44": 2}}), json!({"rates": {"+44": 0}}), json!({"sms_rate": 0})] {
        patch(wrong).await.problem(422, "invalid_input");
    }
    let rates = json!({"+1": 2, "+1202": 3, "+44": 7});
    let seen = patch(json!({"rates": rates, "sms_rate": 5})).await.with_status(200).json();
    assert_eq!((&seen["rates"], &seen["sms_rate"]), (&rates, &json!(5)));
    let link = merchant.makes_a_link(&app.order()).await;
    let draft = json!({"link_id": link.id, "body": "{{link}}"});
    let preview = merchant.http.post("/v1/message-template/preview", &draft).await.with_status(200).json();
    assert_eq!(preview["credits"], json!(3), "{preview}");

    let message = merchant.sends(&link).await;

    merchant.sees_message(&message, "delivered").await;
    assert_eq!(merchant.credits().await, (97, 0));
    let none = patch(json!({"rates": {}})).await.with_status(200).json();
    assert_eq!(none["rates"], json!({}));
}

async fn a_merchant_is_told_once_by_a_text_that_credits_are_low(app: &mut App) {
    let (operator, merchant) = (app.operator(), app.merchant());
    let contact = "+12025550177";
    let change = merchant.http.request(Method::PATCH, "/v1/merchant").json(&json!({"contact": contact}));
    merchant.http.ask(change).await.with_status(200);
    let path = format!("/v1/admin/merchants/{}/credit-corrections", merchant.id);
    operator.0.post(&path, &json!({"credits": -95, "reason": "to be low"})).await.with_status(201);

    for minutes in [6, 12] {
        app.passes(chrono::Utc::now() + chrono::TimeDelta::minutes(minutes));
        everything_is_done(app).await;
    }

    let texts = eventually("there is a text", async || {
        let texts = app.sandbox().texts_to(contact).await;
        (!texts.is_empty()).then_some(texts)
    })
    .await;
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0]["body"].as_str().unwrap().contains("5 SMS credits left"), "{texts:?}");
    assert_eq!(merchant.credits().await, (5, 0));
}
