//! Reminders: for buyers who have not paid, at hours that suit them, and never for those who have opted out.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Invoice, Link, Merchant, Order, eventually, on_both_databases};

on_both_databases!(
    a_buyer_is_reminded_as_often_as_the_merchant_says,
    nobody_is_reminded_who_should_not_be,
    no_reminder_reaches_a_buyer_who_was_told_that_none_comes,
    a_reminder_is_in_the_buyers_language_if_that_is_wished,
    a_link_has_reminders_of_its_own,
    a_links_own_reminders_are_told_and_only_while_it_is_open,
);

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
    assert_eq!(app.lanes_of("send_sms").await, (1, 1), "no one waits for the reminder");
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

/// A link that says this of its reminders from the start, sent.
async fn sent(merchant: &Merchant, number: &str, says: &[(&'static str, &'static str)]) -> (Order, Link) {
    let order = merchant.opens_an_order(number).await;
    let form = says.iter().fold(Invoice::default().form(), |form, (name, text)| form.text(*name, *text));
    let request = merchant.http.request(Method::POST, &format!("/v1/orders/{}/payment-links", order.id));
    let made = merchant.http.ask(request.multipart(form)).await.with_status(202).json();
    let link = merchant.has_the_link(made["id"].as_str().unwrap()).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    (order, link)
}

async fn says(app: &App, link: &Link, what: &str, form: &[(&str, &str)]) {
    let http = app.anybody();
    http.ask(http.request(Method::POST, &format!("{}/{what}", link.url)).form(form)).await.with_status(303);
}

async fn no_reminder_reaches_a_buyer_who_was_told_that_none_comes(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let (denies, denied) = sent(&merchant, "6441", &[]).await;
    let (waits, expected) = sent(&merchant, "6442", &[]).await;
    let (quiet, opted_out) = sent(&merchant, "6443", &[]).await;
    let (_, plain) = sent(&merchant, "6444", &[]).await;
    says(app, &denied, "unrecognised", &[]).await;
    let day = (Utc::now() + Days::new(3)).date_naive().to_string();
    says(app, &expected, "pay-later", &[("on", &day)]).await;
    sandbox.buyer_texts(&quiet.phone, "STOP").await;
    eventually("the buyer's wish is heeded", async || {
        merchant.conversation_with(&quiet.phone).await["opted_out_at"].is_string().then_some(())
    })
    .await;

    let listed = merchant.http.get("/v1/payment-links?limit=100").await.with_status(200).json();
    let of = |link: &Link| listed["items"].as_array().unwrap().iter().find(|it| it["id"] == link.id.as_str()).unwrap();
    assert_eq!((&of(&opted_out)["opted_out"], &of(&plain)["opted_out"]), (&json!(true), &json!(false)));

    let tries =
        async |link: &Link, how: Value| merchant.http.post(&format!("/v1/payment-links/{}/send", link.id), &how).await;
    for how in [json!({"purpose": "reminder", "resend": true}), json!({"only_wanted": true, "resend": true})] {
        tries(&denied, how.clone()).await.problem(409, "not_recognised");
        tries(&expected, how.clone()).await.problem(409, "payment_expected");
        tries(&opted_out, how.clone()).await.problem(422, "opted_out");
        tries(&plain, how).await.with_status(202);
    }
    assert_eq!((sandbox.texts_to(&denies.phone).await.len(), sandbox.texts_to(&waits.phone).await.len()), (1, 1));
    // A reminder for the day after is none before it, and a person may write to them.
    let after = json!({"purpose": "reminder", "send_at": in_days(6, 20).to_rfc3339()});
    tries(&expected, after).await.with_status(202);
    tries(&denied, json!({"resend": true})).await.with_status(202);
    // Who takes it back is reminded again.
    says(app, &denied, "recognised", &[]).await;
    tries(&denied, json!({"purpose": "reminder", "resend": true})).await.with_status(202);
}

async fn a_reminder_is_in_the_buyers_language_if_that_is_wished(app: &mut App) {
    let merchant = app.merchant();
    let own = json!({"body": "Hi {{customer_name}}, your cake: {{link}}"});
    merchant.http.put("/v1/message-templates/request", &own).await.with_status(200);
    let (order, link) = sent(&merchant, "6451", &[]).await;
    let request = merchant.http.request(Method::PATCH, &format!("/v1/orders/{}", order.id));
    merchant.http.ask(request.json(&json!({"customer": {"language": "es"}}))).await.with_status(200);
    let listed = merchant.http.get("/v1/payment-links").await.with_status(200).json();
    assert_eq!(listed["items"][0]["customer_language"], "es", "{listed}");
    let reminded = async |how: Value| {
        let path = format!("/v1/payment-links/{}/send", link.id);
        merchant.http.post(&path, &how).await.with_status(202).json()["body"].as_str().unwrap().to_owned()
    };
    let plain = reminded(json!({"purpose": "reminder", "resend": true})).await;
    assert!(plain.contains("your cake"), "{plain}");
    let ready = reminded(json!({"purpose": "reminder", "resend": true, "ready": true})).await;
    assert!(!ready.contains("your cake") && ready.contains("recordamos"), "{ready}");
    // What is written in the buyer's language counts before what is ready in it.
    let spanish = json!({"body": "Su pastel: {{link}}"});
    merchant.http.put("/v1/message-templates/request?language=es", &spanish).await.with_status(200);
    let written = reminded(json!({"purpose": "reminder", "resend": true, "ready": true})).await;
    assert!(written.starts_with("Su pastel"), "{written}");
}

async fn changes(merchant: &Merchant, link: &Link, to: Value) -> Answer {
    let request = merchant.http.request(Method::PATCH, &format!("/v1/payment-links/{}", link.id));
    merchant.http.ask(request.json(&to)).await
}

async fn a_link_has_reminders_of_its_own(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let own = [("reminders", "true"), ("reminder_after_days", "2"), ("reminders_at_most", "1")];
    let (one, one_link) = sent(&merchant, "6421", &own).await;
    let (other, other_link) = sent(&merchant, "6422", &[]).await;
    let (late, _) = sent(&merchant, "6423", &[("reminders", "true"), ("reminder_after_days", "60")]).await;
    let texts = async || {
        eventually("the jobs are done", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
        let mut counts = Vec::new();
        for order in [&one, &other, &late] {
            counts.push(sandbox.texts_to(&order.phone).await.len());
        }
        counts
    };
    app.passes(in_days(3, 9));
    assert_eq!(texts().await, [1, 1, 1], "it is night");
    app.passes(in_days(3, 20));
    assert_eq!(texts().await, [2, 1, 1], "only the one link asks for reminders by now");

    // The merchant has buyers reminded now; a link may still say that its own is not.
    reminders_are_on(app).await;
    changes(&merchant, &other_link, json!({"reminders": false})).await.with_status(200);
    app.passes(in_days(8, 20));
    assert_eq!(texts().await, [2, 1, 1], "once is the most of the one, none of the other");
    let changed = changes(&merchant, &other_link, json!({"reminders": null})).await.with_status(200).json();
    assert!(changed.get("reminders").is_none(), "{changed}");
    changes(&merchant, &one_link, json!({"reminders_at_most": 2})).await.with_status(200);
    app.passes(in_days(12, 20));
    assert_eq!(texts().await, [3, 2, 1]);
}

async fn a_links_own_reminders_are_told_and_only_while_it_is_open(app: &mut App) {
    let merchant = app.merchant();
    let (_, link) = sent(&merchant, "6431", &[("last_reminder_days", "7")]).await;
    let seen = merchant.link(&link.id).await;
    assert_eq!(seen["last_reminder_days"], 7);
    assert!(seen.get("reminders").is_none() && seen.get("reminder_after_days").is_none(), "{seen}");

    let to = json!({"reminders": true, "reminder_after_days": 5, "last_reminder_days": null});
    let changed = changes(&merchant, &link, to.clone()).await.with_status(200).json();
    assert_eq!((&changed["reminders"], &changed["reminder_after_days"]), (&json!(true), &json!(5)));
    assert!(changed.get("last_reminder_days").is_none(), "{changed}");
    let noted = async || {
        let shown = merchant.link(&link.id).await;
        let entries = shown["timeline"].as_array().unwrap().clone();
        entries.into_iter().filter(|entry| entry["event"] == "reminders_changed").collect::<Vec<_>>()
    };
    let log = merchant.http.get(&format!("/v1/audit-log?subject={}", link.id)).await.with_status(200).json();
    let act = log["items"].as_array().unwrap().iter().find(|act| act["action"] == "link.change").unwrap();
    assert_eq!(act["detail"], "reminders=true reminder_after_days=5");
    assert_eq!(noted().await[0]["actor"], act["actor"]);
    // Readers of the feed get the current link.
    let feed = merchant.http.get("/v1/changes?after=0&limit=500").await.with_status(200).json();
    let told = feed["items"].as_array().unwrap().iter().rfind(|item| item["resource"]["id"] == link.id.as_str());
    assert_eq!(told.unwrap()["resource"]["reminder_after_days"], 5);
    // A repetition is no change.
    changes(&merchant, &link, to).await.with_status(200);
    assert_eq!(noted().await.len(), 1);

    for bad in [json!({"reminder_after_days": 61}), json!({"reminders_at_most": 0}), json!({"reminders": "yes"})] {
        let status = changes(&merchant, &link, bad.clone()).await.status;
        assert!(matches!(status, 400 | 422), "{bad}: {status}");
    }
    changes(&merchant, &link, json!({"remind": true})).await.problem(422, "unknown_field");
    let order = merchant.opens_an_order("6432").await;
    for (field, text) in [("reminders", "yes"), ("reminder_after_days", "61"), ("last_reminder_days", "soon")] {
        let form = Invoice::default().form().text(field, text);
        let request = merchant.http.request(Method::POST, &format!("/v1/orders/{}/payment-links", order.id));
        let refused = merchant.http.ask(request.multipart(form)).await;
        assert_eq!(refused.problem(422, "invalid_input")["errors"][0]["field"], field);
    }
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    changes(&merchant, &link, json!({"reminders": false})).await.problem(409, "link_not_open");
}
