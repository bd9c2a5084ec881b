//! Texts by purpose and language, and after a payment or a void.

use chrono::{DateTime, Days, NaiveTime, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Invoice, Link, Merchant, Order, eventually, on_both_databases, order_body};

on_both_databases!(
    a_template_is_written_for_a_purpose_and_a_language,
    a_receipt_is_sent_once_whatever_happens,
    a_void_tells_the_buyer_if_it_is_asked_to,
    a_landline_is_told_before_it_is_texted,
    a_text_speaks_the_buyers_language_and_says_what_the_order_holds,
    a_buyer_is_reminded_now_and_once_more_before_the_end,
);

/// Some days from now, at an hour of UTC. At 20 h it is day in all of the United States, at 9 h it is night.
pub(crate) fn in_days(days: u64, hour: u32) -> DateTime<Utc> {
    let day = Utc::now().date_naive() + Days::new(days);
    day.and_time(NaiveTime::from_hms_opt(hour, 0, 0).unwrap()).and_utc()
}

pub(crate) fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(crate) async fn sends(merchant: &Merchant, link: &Link, how: Value) -> Answer {
    merchant.http.post(&format!("/v1/payment-links/{}/send", link.id), &how).await
}

pub(crate) async fn deletes(merchant: &Merchant, path: &str) -> Answer {
    merchant.http.ask(merchant.http.request(Method::DELETE, path)).await
}

pub(crate) async fn jobs_are_done(app: &App) {
    eventually("the jobs are done", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
}

async fn a_template_is_written_for_a_purpose_and_a_language(app: &mut App) {
    let merchant = app.merchant();
    let http = &merchant.http;
    let at = |purpose: &str, language: &str| {
        let language = if language.is_empty() { String::new() } else { format!("?language={language}") };
        format!("/v1/message-templates/{purpose}{language}")
    };
    let all = http.get("/v1/message-templates").await.with_status(200).json();
    let purposes: Vec<&Value> = all["items"].as_array().unwrap().iter().map(|item| &item["purpose"]).collect();
    assert_eq!(purposes, ["receipt", "reminder", "request", "voided"]);
    assert!(all["items"].as_array().unwrap().iter().all(|item| item["own"] == false), "{all}");

    // The old call and the new one are about the same thing.
    let body = json!({"body": "{{merchant_name}} asks for {{amount}}: {{link}}"});
    http.put("/v1/message-template", &body).await.with_status(200);
    let request = http.get(&at("request", "")).await.with_status(200).json();
    assert_eq!((&request["body"], &request["own"]), (&body["body"], &json!(true)));
    let reminder = http.get(&at("reminder", "")).await.with_status(200).json();
    assert_eq!((&reminder["body"], &reminder["own"]), (&body["body"], &json!(false)));

    let german = json!({"body": "{{merchant_name}}: bitte zahlen Sie {{amount}}: {{link}}"});
    let written = http.put(&at("request", "DE"), &german).await.with_status(200).json();
    assert_eq!((&written["language"], &written["credits"]), (&json!("de"), &json!(1)));
    for (language, found) in [("de", &german), ("de-AT", &german), ("fr", &body)] {
        assert_eq!(http.get(&at("request", language)).await.json()["body"], found["body"], "{language}");
    }
    http.put(&at("receipt", ""), &json!({"body": "Thank you, {{customer_name}}!"})).await.with_status(200);
    http.put(&at("request", ""), &json!({"body": "no link"})).await.problem(422, "bad_template");
    http.put(&at("request", "german"), &german).await.problem(422, "invalid_input");
    http.put(&at("praise", ""), &body).await.problem(404, "not_found");
    http.put(&at("voided", ""), &json!({"body": "{{secret}}"})).await.problem(422, "bad_template");

    let link = merchant.makes_a_link(&app.order()).await;
    let said = sends(&merchant, &link, json!({"language": "de-CH"})).await.with_status(202).json();
    assert!(said["body"].as_str().unwrap().contains("bitte zahlen Sie"), "{said}");
    deletes(&merchant, &at("request", "de")).await.with_status(204);
    deletes(&merchant, &at("request", "de")).await.problem(404, "not_found");
    let said = sends(&merchant, &link, json!({"language": "de", "resend": true})).await.with_status(202).json();
    assert!(said["body"].as_str().unwrap().contains("asks for 129.50 USD"), "{said}");
    // What is written for no language in particular is in the merchant's own, and so are its amounts.
    http.ask(http.request(Method::PATCH, "/v1/merchant").json(&json!({"language": "de"}))).await.with_status(200);
    let said = sends(&merchant, &link, json!({"resend": true})).await.with_status(202).json();
    assert!(said["body"].as_str().unwrap().contains("asks for 129,50 USD"), "{said}");
    deletes(&merchant, &at("request", "")).await.with_status(204);
    assert_eq!(http.get(&at("request", "")).await.json()["own"], false);
    merchant.sees_message(said["id"].as_str().unwrap(), "delivered").await;
}

async fn a_receipt_is_sent_once_whatever_happens(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let silent = merchant.opens_an_order("33020").await;
    let link = merchant.makes_a_link(&silent).await;
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    let paid_in_cash = async |number: &str, receipt: bool| {
        let order = merchant.opens_an_order(number).await;
        let path = format!("/v1/orders/{}/mark-paid", order.id);
        merchant.http.post(&path, &json!({"method": "cash", "receipt": receipt})).await.with_status(201);
        order
    };
    let wished = paid_in_cash("33023", true).await;

    let on = merchant.http.request(Method::PATCH, "/v1/merchant").json(&json!({"receipts": true}));
    assert_eq!(merchant.http.ask(on).await.with_status(200).json()["receipts"], true);
    let order = merchant.opens_an_order("33021").await;
    let link = merchant.makes_a_link(&order).await;
    sandbox.does("webhooks", json!({"duplicate": 3})).await;
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    let elsewhere = merchant.opens_an_order("33022").await;
    let by_hand = merchant.makes_a_link(&elsewhere).await;
    let mark = format!("/v1/payment-links/{}/mark-paid", by_hand.id);
    merchant.http.post(&mark, &json!({"method": "cash"})).await.with_status(202);
    merchant.sees(&by_hand.id, "paid").await;
    // Of one payment it can be left out.
    let unwished = paid_in_cash("33024", false).await;
    let quiet = merchant.opens_an_order("33025").await;
    let form = Invoice::default().form().text("receipt", "false");
    let path = format!("/v1/orders/{}/payment-links", quiet.id);
    let made =
        merchant.http.ask(merchant.http.request(Method::POST, &path).multipart(form)).await.with_status(202).json();
    assert_eq!(made["receipt"], false, "{made}");
    buyer.pays(&merchant.has_the_link(made["id"].as_str().unwrap()).await).await;
    merchant.sees(made["id"].as_str().unwrap(), "paid").await;
    let asked = merchant.opens_an_order("33026").await;
    let marked = merchant.makes_a_link(&asked).await;
    let mark = format!("/v1/payment-links/{}/mark-paid", marked.id);
    merchant.http.post(&mark, &json!({"method": "cash", "receipt": false})).await.with_status(202);
    merchant.sees(&marked.id, "paid").await;
    let form = Invoice::default().form().text("receipt", "perhaps");
    let path = format!("/v1/orders/{}/payment-links", silent.id);
    let request = merchant.http.request(Method::POST, &path).multipart(form);
    assert_eq!(merchant.http.ask(request).await.problem(422, "invalid_input")["errors"][0]["field"], "receipt");

    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| app.passes(Utc::now()));
        }
    });
    app.passes(Utc::now() + TimeDelta::minutes(1));
    jobs_of(app).await;
    let receipts_of = async |phone: &str| {
        let listed = merchant.http.get("/v1/messages?limit=100").await.with_status(200).json();
        let receipts = listed["items"].as_array().unwrap().iter();
        receipts.filter(|it| it["to"] == *phone && it["origin"] == "receipt").cloned().collect::<Vec<_>>()
    };
    for order in [&order, &elsewhere, &wished] {
        eventually("they have their receipts", async || (!receipts_of(&order.phone).await.is_empty()).then_some(()))
            .await;
    }
    jobs_of(app).await;
    for kind in ["tell_buyer", "send_sms"] {
        let (background, interactive) = app.lanes_of(kind).await;
        assert!(background > 0 && interactive == 0, "someone waits for a receipt: {background}, {interactive} {kind}");
    }
    let (with, without) = ([&order, &elsewhere, &wished], [&silent, &unwished, &quiet, &asked]);
    for (order, count) in with.into_iter().map(|it| (it, 1)).chain(without.into_iter().map(|it| (it, 0))) {
        let receipts = receipts_of(&order.phone).await;
        assert_eq!(receipts.len(), count, "{receipts:?}");
        for receipt in receipts {
            assert!(receipt["body"].as_str().unwrap().contains("we have received 129.50 USD"), "{receipt}");
        }
    }
}

/// Waits until nobody is left to be told; the texts themselves may wait for the buyer's morning.
async fn jobs_of(app: &App) {
    eventually("everybody is told", async || {
        let jobs = app.operator().jobs("queued").await;
        jobs.iter().all(|job| job["kind"] != "tell_buyer").then_some(())
    })
    .await;
}

async fn a_void_tells_the_buyer_if_it_is_asked_to(app: &mut App) {
    let merchant = app.merchant();
    let mut links = Vec::new();
    for (number, tell) in [("33031", true), ("33032", false)] {
        let order = merchant.opens_an_order(number).await;
        let link = merchant.makes_a_link(&order).await;
        let void = format!("/v1/payment-links/{}/void", link.id);
        merchant.http.post(&void, &json!({"tell_buyer": tell})).await.with_status(202);
        merchant.sees(&link.id, "voided").await;
        links.push(link);
    }
    let texts = async |link: &Link| {
        let listed = merchant.http.get(&format!("/v1/messages?link_id={}", link.id)).await.with_status(200).json();
        listed["items"].as_array().unwrap().clone()
    };
    app.passes(Utc::now());
    eventually("the buyer is told", async || (!texts(&links[0]).await.is_empty()).then_some(())).await;
    jobs_of(app).await;
    for (link, count) in links.iter().zip([1, 0]) {
        let items = texts(link).await;
        assert_eq!(items.len(), count, "{items:?}");
        assert!(items.iter().all(|it| it["origin"] == "voided" && it["body"].as_str().unwrap().contains("withdrawn")));
    }
}

async fn a_landline_is_told_before_it_is_texted(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.http.post("/v1/orders", &order_body("33036", "+49 30 1234567")).await.with_status(201).json();
    assert_eq!(order["warnings"], json!(["phone_landline"]), "{order}");
    let order = Order { id: order["id"].as_str().unwrap().to_owned(), phone: "+49301234567".to_owned() };
    let read = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
    assert_eq!(read["warnings"], json!(["phone_landline"]), "{read}");
    for change in [json!({"notes": "a sign above the door"}), json!({"customer": {"phone": "+49 30 1234567"}})] {
        let path = format!("/v1/orders/{}", order.id);
        let changed =
            merchant.http.ask(merchant.http.request(Method::PATCH, &path).json(&change)).await.with_status(200);
        assert_eq!(changed.json()["warnings"], json!(["phone_landline"]), "once, whatever was changed");
    }
    let preview = async |link: &Link| {
        let asked = json!({"body": "{{merchant_name}}: {{link}}", "link_id": link.id});
        merchant.http.post("/v1/message-template/preview", &asked).await.with_status(200).json()["warnings"].clone()
    };
    let link = merchant.makes_a_link(&order).await;
    assert_eq!(preview(&link).await, json!(["The buyer's number is a landline, which may not get texts."]));
    // In North America nobody can tell.
    let other = merchant.opens_an_order("33037").await;
    assert_eq!(preview(&merchant.makes_a_link(&other).await).await, json!([]));
    let mut row = order_body("33038", "+49 30 7654321");
    row["key"] = "a".into();
    let batch = merchant.http.post("/v1/batches", &json!({"rows": [row], "send": true})).await.with_status(202).json();
    let path = format!("/v1/batches/{}/rows", batch["id"].as_str().unwrap());
    let rows = merchant.http.get(&path).await.with_status(200).json();
    assert_eq!((&rows["items"][0]["status"], &rows["items"][0]["problem"]), (&json!("ready"), &json!("landline")));
}

pub(crate) async fn changes(merchant: &Merchant, path: &str, what: Value) -> Answer {
    merchant.http.ask(merchant.http.request(Method::PATCH, path).json(&what)).await.with_status(200)
}

async fn a_text_speaks_the_buyers_language_and_says_what_the_order_holds(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("33040").await;
    let link = merchant.makes_a_link(&order).await;
    let about = json!({"customer": {"language": "de-AT"}, "metadata": {"table": "7"}});
    changes(&merchant, &format!("/v1/orders/{}", order.id), about).await;
    let says = async |how: Value| {
        let said = sends(&merchant, &link, how).await.with_status(202).json();
        said["body"].as_str().unwrap().to_owned()
    };
    // Ours, in the buyer's language, with days as they are written in it.
    let said = says(json!({})).await;
    assert!(said.contains("Ansehen und bezahlen bis") && !said.contains(" Dec "), "{said}");
    let said = says(json!({"language": "pt-BR", "resend": true})).await;
    assert!(said.contains("Pode ver e pagar"), "{said}");
    // The merchant's own words count before ours in whatever language.
    let own = json!({"body": "{{merchant_name}}, table {{metadata.table}}{{metadata.floor}}: {{link}}"});
    merchant.http.put("/v1/message-templates/request", &own).await.with_status(200);
    let said = says(json!({"resend": true})).await;
    assert!(said.contains("table 7: http"), "{said}");
    // And ours are there to be chosen for a text.
    let template = async |query: &str| {
        merchant.http.get(&format!("/v1/message-templates/request?{query}")).await.with_status(200).json()
    };
    assert_eq!(template("language=de").await["own"], true);
    let ready = template("language=de-AT&ready=true").await;
    assert_eq!((&ready["own"], &ready["language"]), (&json!(false), &json!("de")), "{ready}");
    assert!(ready["body"].as_str().unwrap().contains("Ansehen und bezahlen bis"), "{ready}");
    let english = template("language=tlh&ready=true").await;
    assert!(english["language"].is_null() && english["own"] == false, "{english}");
    let tried = json!({"body": own["body"], "link_id": link.id, "purpose": "request"});
    let preview = merchant.http.post("/v1/message-template/preview", &tried).await.with_status(200).json();
    assert!(preview["warnings"].to_string().contains("metadata floor"), "{preview}");
    // The merchant's language counts where the buyer's is not known.
    changes(&merchant, "/v1/merchant", json!({"language": "fr"})).await;
    deletes(&merchant, "/v1/message-templates/request").await.with_status(204);
    changes(&merchant, &format!("/v1/orders/{}", order.id), json!({"customer": {"language": null}})).await;
    let said = says(json!({"resend": true})).await;
    assert!(said.contains("facture"), "{said}");
}

async fn a_buyer_is_reminded_now_and_once_more_before_the_end(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let rules = json!({"reminders": true, "reminder_after_days": 60, "last_reminder_days": 3});
    changes(&merchant, "/v1/merchant", rules).await;
    let order = merchant.opens_an_order("33050").await;
    let link = merchant.makes_a_link(&order).await;
    let said = sends(&merchant, &link, json!({"purpose": "reminder"})).await.with_status(202).json();
    assert!(said["body"].as_str().unwrap().contains("a reminder of invoice"), "{said}");
    merchant.sees_message(said["id"].as_str().unwrap(), "delivered").await;
    let expires: DateTime<Utc> = merchant.link(&link.id).await["expires_at"].as_str().unwrap().parse().unwrap();
    let at = |days: u64| {
        let day = expires.date_naive() - Days::new(days);
        day.and_time(NaiveTime::from_hms_opt(20, 0, 0).unwrap()).and_utc()
    };
    app.rows_are_changed("UPDATE merchant SET reminders_at_most = 1").await;
    app.passes(at(5));
    jobs_are_done(app).await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 2, "the regular one");
    for days in [4, 1, 1] {
        app.passes(at(days));
        jobs_are_done(app).await;
    }
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 3, "the last one, once");
}
