//! Texts whose time is later: because the merchant says so, or because it is night where the buyer is.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::texts_by_purpose::{changes, deletes, in_days, jobs_are_done, sends, text};
use crate::support::{App, eventually, on_both_databases};

on_both_databases!(
    a_text_is_sent_when_its_time_has_come,
    a_scheduled_text_is_cancelled_and_costs_nothing,
    what_closes_a_link_cancels_its_scheduled_texts,
    a_time_that_cannot_be_kept_is_refused,
    a_text_that_waits_for_the_morning_says_until_when,
);

async fn a_text_is_sent_when_its_time_has_come(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("33001").await;
    let link = merchant.makes_a_link(&order).await;
    let then = in_days(3, 9);

    let accepted = sends(&merchant, &link, json!({"send_at": text(then)})).await.with_status(202).json();
    let id = accepted["id"].as_str().unwrap();
    assert_eq!(accepted["status"], "scheduled");
    assert_eq!(accepted["send_at"].as_str().unwrap().parse(), Ok(then));
    assert_eq!(merchant.credits().await, (99, 1));
    app.passes(then - TimeDelta::minutes(1));
    jobs_are_done(app).await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 0);
    assert_eq!(merchant.message(id).await["status"], "scheduled");

    // Two schedulers send it once, and by night: the merchant has chosen the time.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| app.passes(then + TimeDelta::minutes(1)));
        }
    });
    merchant.sees_message(id, "delivered").await;
    jobs_are_done(app).await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(app.lanes_of("send_sms").await, (1, 0), "no one waits for it");
    deletes(&merchant, &format!("/v1/messages/{id}")).await.problem(409, "not_scheduled");
}

async fn a_scheduled_text_is_cancelled_and_costs_nothing(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("33002").await;
    let link = merchant.makes_a_link(&order).await;
    let accepted = sends(&merchant, &link, json!({"send_at": text(in_days(3, 20))})).await.with_status(202).json();
    let path = format!("/v1/messages/{}", accepted["id"].as_str().unwrap());
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    deletes(&stranger, &path).await.problem(404, "not_found");

    let cancelled = deletes(&merchant, &path).await.with_status(200).json();
    assert_eq!(cancelled["status"], "cancelled");
    deletes(&merchant, &path).await.with_status(200);
    assert_eq!(merchant.credits().await, (100, 0));
    app.passes(in_days(4, 20));
    jobs_are_done(app).await;
    assert_eq!(app.sandbox().texts_to(&order.phone).await.len(), 0);
    // Cancelled texts need no attention.
    assert!(merchant.http.whole_list("/v1/attention", 10).await.is_empty());
}

async fn what_closes_a_link_cancels_its_scheduled_texts(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let mut waiting = Vec::new();
    for number in 0..3 {
        let order = merchant.opens_an_order(&format!("3301{number}")).await;
        let link = merchant.makes_a_link(&order).await;
        let accepted = sends(&merchant, &link, json!({"send_at": text(in_days(3, 20))})).await.with_status(202).json();
        waiting.push((order, link, accepted["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(merchant.credits().await, (97, 3));
    buyer.pays(&waiting[0].1).await;
    merchant.sees(&waiting[0].1.id, "paid").await;
    merchant.voids(&waiting[1].1).await.with_status(202);
    merchant.sees(&waiting[1].1.id, "voided").await;
    sandbox.buyer_texts(&waiting[2].0.phone, "STOP").await;
    eventually("the buyer has opted out", async || {
        merchant.conversation_with(&waiting[2].0.phone).await["opted_out_at"].is_string().then_some(())
    })
    .await;

    app.passes(Utc::now());
    for (_, _, id) in &waiting {
        merchant.sees_message(id, "cancelled").await;
    }
    assert_eq!(merchant.credits().await, (100, 0));
}

async fn a_time_that_cannot_be_kept_is_refused(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("33003").await;
    let link = merchant.makes_a_link(&order).await;
    for wrong in [Utc::now() - TimeDelta::hours(1), Utc::now() + TimeDelta::days(36)] {
        let problem = sends(&merchant, &link, json!({"send_at": text(wrong)})).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], "send_at", "{problem}");
    }
    for wrong in ["tomorrow", "2026-12-31T18:00"] {
        let problem = sends(&merchant, &link, json!({"send_at": wrong})).await.problem(422, "invalid_input");
        let reason = "must be a time with its offset from UTC, such as 2026-12-31T18:00:00Z";
        assert_eq!(problem["errors"][0]["reason"], reason);
    }
    assert_eq!(merchant.credits().await, (100, 0));
}

async fn a_text_that_waits_for_the_morning_says_until_when(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("33035").await;
    let link = merchant.makes_a_link(&order).await;
    // At ten by the clock of UTC it is night in a part of the country of that number.
    let night = (Utc::now() + TimeDelta::days(1)).date_naive().and_hms_opt(10, 0, 0).unwrap().and_utc();
    app.turns_its_clock(night - Utc::now());
    let void = format!("/v1/payment-links/{}/void", link.id);
    merchant.http.post(&void, &json!({"tell_buyer": true})).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    app.passes(night);
    let listed = eventually("the text waits", async || {
        let all = merchant.http.get("/v1/conversations").await.with_status(200).json();
        let found = all["items"].as_array().unwrap().iter().find(|it| it["phone"] == order.phone.as_str()).cloned();
        found.filter(|it| it["last_message"]["waits_until"].is_string())
    })
    .await;
    let path = format!("/v1/conversations/{}/messages", listed["id"].as_str().unwrap());
    let text = merchant.http.get(&path).await.with_status(200).json()["items"][0].clone();
    assert_eq!((&text["status"], &text["origin"]), (&json!("queued"), &json!("voided")), "{text}");
    assert_eq!(text["waits_until"], listed["last_message"]["waits_until"]);
    let until: chrono::DateTime<Utc> = text["waits_until"].as_str().unwrap().parse().unwrap();
    assert!(until > night && until < night + TimeDelta::days(1), "{text}");
    // The merchant may begin later: at noon in Honolulu.
    changes(&merchant, "/v1/merchant", json!({"texts_from": 12, "texts_until": 21})).await;
    let text = merchant.http.get(&path).await.with_status(200).json()["items"][0].clone();
    let noon = night.date_naive().and_hms_opt(22, 0, 0).unwrap().and_utc();
    assert_eq!(text["waits_until"].as_str().unwrap().parse::<chrono::DateTime<Utc>>().unwrap(), noon, "{text}");
}
