//! What merchants and buyers are told when something goes wrong: nothing shown is untrue.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Browser, Link, Merchant, Order, SMS_TOKEN, StripeEvent, eventually, on_both_databases};

on_both_databases!(
    a_void_that_stripe_refuses_says_that_it_is_refused,
    a_link_that_is_paid_says_no_more_why_it_could_not_be_closed,
    a_text_that_did_not_come_through_is_said_on_the_link_and_in_the_list,
    a_carrier_is_checked_tried_and_disconnected,
    what_buyers_say_is_seen_until_it_is_read,
    a_reply_from_the_other_form_of_a_number_is_seen_on_the_order,
    whoever_does_not_recognise_it_is_asked_once_more_and_may_take_it_back,
    the_merchants_own_look_is_none_of_the_buyers,
);

pub(crate) async fn shows(merchant: &Merchant, link: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || {
        let link = merchant.link(link).await;
        is(&link).then_some(link)
    })
    .await
}

pub(crate) fn has(link: &Value, event: &str) -> bool {
    link["timeline"].as_array().unwrap().iter().any(|entry| entry["event"] == event)
}

/// What the list of orders says beside the tag; the order itself says the same.
pub(crate) async fn notices(merchant: &Merchant, order: &Order) -> BTreeSet<String> {
    let said = eventually("the list and the order say the same", async || {
        let listed = merchant.http.get("/v1/orders?limit=100").await.with_status(200).json();
        let listed =
            listed["items"].as_array().unwrap().iter().find(|listed| listed["id"] == order.id).unwrap().clone();
        let seen = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
        (listed["notices"] == seen["notices"]).then_some(seen["notices"].clone())
    })
    .await;
    said.as_array().unwrap().iter().map(|notice| notice.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn only(notice: &str) -> BTreeSet<String> {
    BTreeSet::from([notice.to_owned()])
}

/// The matters that need a person, with their reasons.
pub(crate) async fn needs(merchant: &Merchant) -> BTreeSet<String> {
    let open = merchant.http.whole_list("/v1/attention", 10).await;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    open.iter().map(|matter| format!("{} {}", word(&matter["kind"]), word(&matter["reason"]))).collect()
}

async fn a_void_that_stripe_refuses_says_that_it_is_refused(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let refusal = |times: u32| json!({"service": "stripe", "times": times, "mode": "status", "status": 403, "method": "POST", "path": "/v1/payment_links/"});
    sandbox.fails(refusal(5)).await;

    merchant.voids(&link).await.with_status(202);

    let refused = shows(&merchant, &link.id, "it says why", |link| link["failure"].is_string()).await;
    assert_eq!(refused["status"], "voiding", "{refused}");
    assert!(has(&refused, "close_failed"));
    assert_eq!(notices(&merchant, &order).await, only("link_failed"));
    assert_eq!(needs(&merchant).await, only("link_failed close_failed"));
    assert_eq!(app.buyer().opens(&link).await.status, 410);

    sandbox.fails(refusal(0)).await;
    app.passes(Utc::now() + TimeDelta::hours(2));
    let voided = merchant.sees(&link.id, "voided").await;
    assert!(voided["failure"].is_null(), "{voided}");
    assert!(needs(&merchant).await.is_empty());
}

async fn a_link_that_is_paid_says_no_more_why_it_could_not_be_closed(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("40401").await;
    let link = merchant.makes_a_link(&order).await;
    let refusal = json!({"service": "stripe", "times": 5, "mode": "status", "status": 403, "method": "POST", "path": "/v1/payment_links/"});
    sandbox.fails(refusal).await;
    merchant.voids(&link).await.with_status(202);
    shows(&merchant, &link.id, "it says why", |link| link["failure"].is_string()).await;

    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_faster", "paid");
    app.is_told(&paid).await.with_status(200);

    let paid = merchant.sees(&link.id, "paid").await;
    assert!(paid["failure"].is_null(), "{paid}");
    assert_eq!(notices(&merchant, &order).await, only("review"));
    assert_eq!(needs(&merchant).await, only("review paid_after_void"));
}

async fn a_text_that_did_not_come_through_is_said_on_the_link_and_in_the_list(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let link = merchant.makes_a_link(&order).await;
    assert!(merchant.link(&link.id).await["delivery"].is_null());
    merchant.sends(&link).await;
    shows(&merchant, &link.id, "it is sent", |link| link["delivery"] == "sent").await;
    assert!(notices(&merchant, &order).await.is_empty());
    let sid = sandbox.texts_to(&order.phone).await[0]["sid"].clone();

    sandbox.does("sms/report", json!({"sid": sid, "status": "undelivered", "error_code": 30_003})).await;

    let told = shows(&merchant, &link.id, "it was not delivered", |link| link["delivery"] == "undelivered").await;
    assert_eq!(told["status"], "unpaid");
    assert_eq!(notices(&merchant, &order).await, only("not_delivered"));
    let listed = merchant.http.get("/v1/payment-links?limit=100").await.with_status(200).json();
    assert_eq!(listed["items"][0]["delivery"], "undelivered");
    // The next text counts.
    sandbox.does("sms/reports", json!({"automatic": true})).await;
    merchant.sends_again(&link).await;
    shows(&merchant, &link.id, "the next is delivered", |link| link["delivery"] == "delivered").await;
    assert!(notices(&merchant, &order).await.is_empty());
    // One that the carrier refuses never left.
    sandbox.fails(json!({"service": "sms", "times": 1, "mode": "status", "status": 400, "method": "POST"})).await;
    merchant.sends_again(&link).await;
    shows(&merchant, &link.id, "it failed", |link| link["delivery"] == "failed").await;
    assert_eq!(notices(&merchant, &order).await, only("not_delivered"));
}

async fn a_carrier_is_checked_tried_and_disconnected(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let is = async |status: &str| {
        eventually("the account is checked", async || {
            let known = merchant.http.get("/v1/sms-integration").await.with_status(200).json();
            (known["status"] == status).then_some(known)
        })
        .await
    };
    let carrier = is("connected").await;
    let account =
        |token: &str| json!({"account_sid": carrier["account_sid"], "auth_token": token, "from": carrier["from"]});
    let put = merchant.http.put("/v1/sms-integration", &account("wrong_token_of_a_test")).await.with_status(200).json();
    assert_eq!(put["status"], "checking");
    assert!(is("failed").await["reason"].as_str().unwrap().contains("does not accept"));
    merchant.http.put("/v1/sms-integration", &account(SMS_TOKEN)).await.with_status(200);
    assert!(is("connected").await["reason"].is_null());

    let tried =
        merchant.http.post("/v1/sms-integration/test", &json!({"to": "(202) 555-0177"})).await.with_status(202).json();
    merchant.sees_message(tried["id"].as_str().unwrap(), "delivered").await;
    assert_eq!(sandbox.texts_to("+12025550177").await.len(), 1);
    assert_eq!(merchant.credits().await, (99, 0));
    merchant.http.post("/v1/sms-integration/test", &json!({"to": "nobody"})).await.problem(422, "invalid_input");

    let deleted = merchant.http.request(Method::DELETE, "/v1/sms-integration");
    merchant.http.ask(deleted).await.with_status(204);
    merchant.http.get("/v1/sms-integration").await.problem(404, "not_found");
    let link = merchant.makes_a_link(&app.order()).await;
    merchant.asks_to_send(&link).await.problem(409, "sms_not_connected");
}

async fn unread(merchant: &Merchant) -> Value {
    merchant.http.get("/v1/conversations/unread").await.with_status(200).json()["conversations"].clone()
}

async fn what_buyers_say_is_seen_until_it_is_read(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let sent = merchant.sends(&link).await;
    merchant.sees_message(&sent, "delivered").await;
    assert_eq!(unread(&merchant).await, 0);

    for text in ["Which cake is this?", "Hello?"] {
        sandbox.buyer_texts(&order.phone, text).await;
    }

    eventually("it is seen", async || (unread(&merchant).await == 1).then_some(())).await;
    assert_eq!(notices(&merchant, &order).await, only("unread"));
    sandbox.has_told_everything().await;
    let conversation = merchant.conversation_with(&order.phone).await;
    let read = format!("/v1/conversations/{}/read", conversation["id"].as_str().unwrap());
    eventually("both are there", async || {
        (merchant.conversation_with(&order.phone).await["unread"] == 2).then_some(())
    })
    .await;
    merchant.http.post(&read, &json!({})).await.with_status(204);
    assert_eq!(unread(&merchant).await, 0);
    assert!(notices(&merchant, &order).await.is_empty());
}

/// Mexico's mobile numbers come from carriers with a 1 that nobody types.
async fn a_reply_from_the_other_form_of_a_number_is_seen_on_the_order(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order_of("52001", "+525512345678").await;
    let link = merchant.makes_a_link(&order).await;
    merchant.sends(&link).await;

    sandbox.buyer_texts("+5215512345678", "Which cake is this?").await;

    eventually("it is seen", async || (unread(&merchant).await == 1).then_some(())).await;
    assert!(notices(&merchant, &order).await.contains("unread"));
}

async fn presses(app: &App, link: &Link, button: &str) {
    let http = app.anybody();
    http.ask(http.request(Method::POST, &format!("{}/{button}", link.url))).await.with_status(303);
}

async fn whoever_does_not_recognise_it_is_asked_once_more_and_may_take_it_back(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let asked = app.anybody().get(&format!("{}?unsure=1", link.url)).await.with_status(200).text();
    assert!(asked.contains("Do you really not know") && asked.contains("/unrecognised#deny\""), "{asked}");
    assert!(merchant.link(&link.id).await["unrecognised_at"].is_null(), "nobody has said anything yet");
    let plain = app.buyer().opens(&link).await.with_status(200).text();
    assert!(!plain.contains("/unrecognised#deny\"") && plain.contains("unsure"), "{plain}");

    presses(app, &link, "unrecognised").await;
    assert!(merchant.link(&link.id).await["unrecognised_at"].is_string());
    assert!(notices(&merchant, &order).await.contains("unrecognised"));
    assert_eq!(unread(&merchant).await, 1);

    for _ in 0..2 {
        presses(app, &link, "recognised").await;
    }
    let taken_back = merchant.link(&link.id).await;
    assert!(taken_back["unrecognised_at"].is_null() && has(&taken_back, "recognised"), "{taken_back}");
    assert_eq!(notices(&merchant, &order).await, only("unread"));
    let conversation = merchant.conversation_with(&order.phone).await;
    assert_eq!(conversation["unread"], 2, "both are said once: {conversation}");
}

async fn the_merchants_own_look_is_none_of_the_buyers(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let browser = Browser::signs_in(&app.anybody(), &app.hello.api_key).await;
    let own = browser.request(Method::GET, &link.url).send().await.unwrap().text().await.unwrap();
    assert!(own.contains("INV-1") && !own.contains("buyer.js"), "{own}");
    let viewed = format!("{}/viewed", link.url);
    assert!(browser.request(Method::POST, &viewed).send().await.unwrap().status().is_success());
    assert!(merchant.link(&link.id).await["viewed_at"].is_null());

    assert!(app.buyer().opens(&link).await.with_status(200).text().contains("buyer.js"));
    let http = app.anybody();
    http.ask(http.request(Method::POST, &viewed)).await.with_status(204);
    assert!(merchant.link(&link.id).await["viewed_at"].is_string());
}
