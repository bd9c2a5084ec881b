//! Links that are made anew at Stripe, after a delayed payment that failed.

use chrono::{Days, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::signals::{has, needs, notices, only, shows};
use crate::support::{App, Link, Order, eventually, on_both_databases};

on_both_databases!(
    a_delayed_payment_that_failed_can_be_paid_anew_behind_the_same_page,
    what_stripe_refuses_to_have_paid_anew_is_tried_again_and_sent_to_nobody_meanwhile,
    a_link_that_is_voided_while_it_is_made_anew_leaves_nothing_open,
);

/// A link whose payment the buyer's bank has not decided: the session.
async fn begins_to_pay(app: &App, order: &Order) -> (Link, Value) {
    let link = app.merchant().makes_a_link(order).await;
    let begun = app.sandbox().does("pay", json!({"url": link.stripe_url, "async": true})).await;
    app.merchant().sees(&link.id, "processing").await;
    (link, begun["session"].clone())
}

async fn a_delayed_payment_that_failed_can_be_paid_anew_behind_the_same_page(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    let (link, session) = begins_to_pay(app, &order).await;

    assert_eq!(notices(&merchant, &order).await, only("processing"));

    sandbox.does("settle", json!({"session": session, "succeed": false})).await;

    let again = shows(&merchant, &link.id, "it can be paid again", |link| {
        has(link, "renewed") && link["stripe_url"].is_string()
    })
    .await;
    assert_eq!((&again["status"], &again["url"]), (&json!("unpaid"), &json!(link.url)), "{again}");
    assert!(has(&again, "payment_failed") && again["stripe_url"] != link.stripe_url, "{again}");
    let made = sandbox.links_for(&link.id).await;
    assert_eq!((made.total, made.live), (2, 1), "the old one is closed");
    let keys = sandbox.requests("stripe", "POST", "/v1/payment_links").await;
    assert!(keys.iter().any(|request| request.to_string().contains(&format!("link:{}:2", link.id))), "{keys:?}");
    assert_eq!(notices(&merchant, &order).await, only("payment_failed"));
    let page = app.buyer().opens(&link).await.with_status(200).text();
    assert!(page.contains("did not go through") && page.contains("/pay\""), "{page}");

    // Told once more, and late: nothing is made anew.
    sandbox.does("webhooks", json!({"duplicate": 2})).await;
    let paid_by = Link { stripe_url: again["stripe_url"].as_str().unwrap().to_owned(), ..link.clone() };
    app.buyer().pays(&paid_by).await;
    merchant.sees(&link.id, "paid").await;
    assert_eq!(sandbox.links_for(&link.id).await.total, 2);
}

async fn a_link_that_is_voided_while_it_is_made_anew_leaves_nothing_open(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let (link, session) = begins_to_pay(app, &app.order()).await;
    // It is created, and its answer is lost.
    sandbox
        .fails(json!({"service": "stripe", "times": 3, "mode": "reset_after", "method": "POST", "path": "/v1/payment_links"}))
        .await;
    sandbox.does("settle", json!({"session": session, "succeed": false})).await;
    shows(&merchant, &link.id, "the failure is told", |link| link["status"] == "unpaid").await;

    merchant.voids(&link).await.with_status(202);

    merchant.sees(&link.id, "voided").await;
    eventually("nothing is open at Stripe", async || {
        let queued = app.operator().jobs("queued").await;
        (queued.is_empty() && sandbox.links_for(&link.id).await.live == 0).then_some(())
    })
    .await;
}

async fn what_stripe_refuses_to_have_paid_anew_is_tried_again_and_sent_to_nobody_meanwhile(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    app.rows_are_changed("UPDATE merchant SET reminders = true, reminder_after_days = 3, reminders_at_most = 2").await;
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    let text = merchant.sends(&link).await;
    merchant.sees_message(&text, "delivered").await;
    let begun = sandbox.does("pay", json!({"url": link.stripe_url, "async": true})).await;
    merchant.sees(&link.id, "processing").await;
    let refusal = |times: u32| json!({"service": "stripe", "times": times, "mode": "status", "status": 403, "method": "POST", "path": "/v1/payment_links?"});
    sandbox.fails(refusal(1_000)).await;

    sandbox.does("settle", json!({"session": begun["session"], "succeed": false})).await;

    let refused = shows(&merchant, &link.id, "it says why", |link| link["failure"].is_string()).await;
    assert!(refused["status"] == "unpaid" && has(&refused, "renewal_failed"), "{refused}");
    assert_eq!(needs(&merchant).await, only("link_failed renewal_failed"));
    let page = app.buyer().opens(&link).await.with_status(200).text();
    assert!(page.contains("cannot be paid here at the moment") && !page.contains("again.js"), "{page}");
    let resend = format!("/v1/payment-links/{}/send", link.id);
    merchant.http.post(&resend, &json!({"resend": true})).await.problem(409, "link_not_open");
    // In the afternoon of a day on which a reminder is due.
    let day = Utc::now().date_naive() + Days::new(5);
    app.passes(day.and_time(NaiveTime::from_hms_opt(20, 0, 0).unwrap()).and_utc());
    eventually("the jobs are done", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);
    let calls = sandbox.requests("stripe", "POST", "/v1/payment_links").await;
    let tried = calls.iter().filter(|call| call["path"].as_str().unwrap().ends_with("/payment_links")).count();
    assert_eq!(tried, 3, "made, refused, and refused again: {calls:?}");

    sandbox.fails(refusal(0)).await;
    app.passes(Utc::now() + TimeDelta::hours(2));

    // The link is read before its timeline, which may be newer then.
    let again = shows(&merchant, &link.id, "it can be paid again", |link| {
        has(link, "renewed") && link["failure"].is_null() && link["stripe_url"].is_string()
    })
    .await;
    assert!(needs(&merchant).await.is_empty());
    assert_eq!(sandbox.links_for(&link.id).await.live, 1);
    let paid_by = Link { stripe_url: again["stripe_url"].as_str().unwrap().to_owned(), ..link.clone() };
    app.buyer().pays(&paid_by).await;
    merchant.sees(&link.id, "paid").await;
}
