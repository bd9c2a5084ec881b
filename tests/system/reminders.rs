//! Reminders: for buyers who have not paid, at hours that suit them, and never for those who want none.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use serde_json::json;

use crate::support::{App, Invoice, eventually, on_both_databases};

on_both_databases!(a_buyer_is_reminded_as_often_as_the_merchant_says, nobody_is_reminded_who_should_not_be);

/// Some days from now, at an hour of UTC. At 20 h it is day in all of the United States, at 9 h it is night.
fn in_days(days: u64, hour: u32) -> DateTime<Utc> {
    let day = Utc::now().date_naive() + Days::new(days);
    day.and_time(NaiveTime::from_hms_opt(hour, 0, 0).unwrap()).and_utc()
}

async fn reminders_are_on(app: &App) {
    app.rows_are_changed("UPDATE merchant SET reminders = true, reminder_after_days = 3, reminders_at_most = 2").await;
}

async fn a_buyer_is_reminded_as_often_as_the_merchant_says(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("6401").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let texts = async || sandbox.texts_to(&order.phone).await.len();
    let jobs_are_done = async || {
        eventually("the jobs are done", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    };
    app.passes(in_days(5, 20));
    jobs_are_done().await;
    assert_eq!(texts().await, 1, "nobody asked for reminders");

    reminders_are_on(app).await;
    app.passes(in_days(2, 20));
    app.passes(in_days(5, 9));
    jobs_are_done().await;
    assert_eq!(texts().await, 1, "it is too soon, or night");

    // Two schedulers, and one of them twice, make one.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| app.passes(in_days(5, 20)));
        }
    });
    app.passes(in_days(5, 20) + TimeDelta::minutes(10));
    eventually("the reminder is sent", async || (texts().await == 2).then_some(())).await;
    jobs_are_done().await;
    assert_eq!(texts().await, 2);
    let seen = merchant.link(&link.id).await;
    let reminded = seen["timeline"].as_array().unwrap().iter().filter(|entry| entry["event"] == "reminded").count();
    assert_eq!(reminded, 1, "{seen}");
    let listed = merchant.http.get(&format!("/v1/messages?link_id={}", link.id)).await.json();
    assert_eq!((&listed["items"][0]["origin"], &listed["items"][0]["credits"]), (&json!("reminder"), &json!(1)));

    for days in [9, 13, 17] {
        app.passes(in_days(days, 20));
        jobs_are_done().await;
    }
    assert_eq!(texts().await, 3, "twice is the most");
    assert_eq!(merchant.credits().await, (97, 0));
}

async fn nobody_is_reminded_who_should_not_be(app: &mut App) {
    let (merchant, sandbox, buyer) = (app.merchant(), app.sandbox(), app.buyer());
    reminders_are_on(app).await;
    let mut orders = Vec::new();
    for number in ["6410", "6411", "6412", "6413", "6414"] {
        let order = merchant.opens_an_order(number).await;
        let invoice = Invoice { number: Some(number), ..Invoice::default() };
        let link = merchant.has_the_link(&merchant.uploads(&order, &invoice).await).await;
        if number != "6414" {
            let message = merchant.sends(&link).await;
            merchant.sees_message(&message, "delivered").await;
        }
        orders.push((order, link));
    }
    buyer.pays(&orders[0].1).await;
    merchant.sees(&orders[0].1.id, "paid").await;
    merchant.voids(&orders[1].1).await.with_status(202);
    merchant.sees(&orders[1].1.id, "voided").await;
    sandbox.buyer_texts(&orders[2].0.phone, "STOP").await;
    eventually("the buyer's wish is heeded", async || {
        merchant.conversation_with(&orders[2].0.phone).await["opted_out_at"].is_string().then_some(())
    })
    .await;
    app.rows_are_changed("UPDATE payment_link SET reminders_stopped_at = created_at WHERE invoice_number = '6413'")
        .await;

    app.passes(in_days(5, 20));

    eventually("the jobs are done", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    for (order, _) in &orders[..4] {
        assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);
    }
    assert!(sandbox.texts_to(&orders[4].0.phone).await.is_empty(), "a link was texted that nobody had texted");
    assert_eq!(merchant.credits().await, (96, 0));
}
