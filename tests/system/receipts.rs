//! What the buyer's page offers apart from paying: a receipt, a day on which they will pay, a new link, in their
//! language.

use chrono::{Days, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Link, on_both_databases};

on_both_databases!(
    whoever_has_paid_gets_a_receipt_that_is_honest,
    a_disputed_payment_has_its_evidence_until_it_is_erased,
    a_merchant_is_told_before_the_evidence_of_a_dispute_is_erased,
    what_was_paid_in_cash_has_a_receipt_of_the_day_it_was_paid,
    a_buyer_says_once_when_they_will_pay,
    the_buyer_of_a_closed_link_asks_once_for_a_new_one,
    the_page_of_a_closed_link_says_that_there_is_a_newer_one_and_not_which,
    the_page_says_what_it_is_for_and_whom_to_ask_in_the_buyers_language,
);

async fn posts(app: &App, url: &str, form: &[(&str, &str)]) -> Answer {
    let http = app.anybody();
    http.ask(http.request(Method::POST, url).form(form)).await
}

/// What programs read of the receipt; what people read is looked at where it is drawn.
async fn receipt(app: &App, link: &Link) -> String {
    let pdf = app.anybody().get(&format!("{}/receipt.pdf", link.url)).await.with_status(200);
    assert_eq!(pdf.content_type(), "application/pdf");
    String::from_utf8_lossy(&pdf.body).into_owned()
}

async fn whoever_has_paid_gets_a_receipt_that_is_honest(app: &mut App) {
    let merchant = app.merchant();
    let profile =
        json!({"name": "Example Bakery", "address": "1 Example Street\nExample Town", "tax_number": "DE 123456789"});
    let patch = merchant.http.request(Method::PATCH, "/v1/merchant").json(&profile);
    merchant.http.ask(patch).await.with_status(200);
    let order = merchant.opens_an_order("49001").await;
    let link = merchant.makes_a_link(&order).await;
    let none = app.anybody().get(&format!("{}/receipt.pdf", link.url)).await.with_status(303);
    assert!(link.url.ends_with(none.header("location")), "there is none before it is paid");
    let path = format!("/v1/payment-links/{}/receipt.pdf", link.id);
    merchant.http.get(&path).await.problem(409, "link_not_paid");
    let payment = app.sandbox().does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    let pdf = merchant.http.get(&path).await.with_status(200);
    assert!(pdf.header("content-disposition").contains("receipt-INV-1.pdf"));
    assert!(String::from_utf8_lossy(&pdf.body).contains("Receipt R-"), "the merchant gets what the buyer gets");

    assert!(app.buyer().opens(&link).await.text().contains("Download the receipt"));
    let text = receipt(app, &link).await;
    for part in ["Receipt R-", "Invoice INV-1: 129.50 USD paid on", "by Stripe, online"] {
        assert!(text.contains(part), "{part} is not in the receipt");
    }
    assert!(!text.contains("refunded"), "nothing went back");
    app.sandbox().does("refund", json!({"payment_intent": payment["payment_intent"], "amount": 2_950})).await;
    app.sandbox().has_told_everything().await;
    crate::support::eventually("the refund is on the link", async || {
        (merchant.link(&link.id).await["refund_status"] == "partial").then_some(())
    })
    .await;
    let text = receipt(app, &link).await;
    assert!(text.contains("29.50 refunded"), "what went back is not in the receipt");
}

async fn a_disputed_payment_has_its_evidence_until_it_is_erased(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("49151").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    app.sandbox().buyer_texts(&order.phone, "Thank you, it tastes fine 🍰 \u{378}").await;
    let payment = app.sandbox().does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    app.sandbox().does("dispute", json!({"payment_intent": payment["payment_intent"]})).await;
    app.sandbox().has_told_everything().await;
    let path = format!("/v1/payment-links/{}/evidence.pdf", link.id);
    let pdf = merchant.http.get(&path).await.with_status(200);
    assert_eq!(pdf.content_type(), "application/pdf");
    assert!(pdf.header("content-disposition").contains("evidence-INV-1.pdf"));
    let text = String::from_utf8_lossy(&pdf.body).into_owned();
    assert!(text.contains("Evidence for invoice INV-1"), "it is untitled");
    app.anybody().get(&path).await.problem(401, "unauthorized");
    let other = app.operator().makes_a_merchant("A Florist").await;
    other.http.get(&path).await.problem(404, "not_found");

    app.passes(Utc::now() + Days::new(91));
    crate::support::eventually("it is erased", async || {
        merchant.link(&link.id).await["purged_at"].is_string().then_some(())
    })
    .await;
    merchant.http.get(&path).await.problem(410, "purged");
    merchant.http.get(&format!("/v1/payment-links/{}/receipt.pdf", link.id)).await.problem(410, "purged");
    app.anybody().get(&format!("{}/receipt.pdf", link.url)).await.with_status(303);
}

async fn a_merchant_is_told_before_the_evidence_of_a_dispute_is_erased(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let zone = merchant.http.request(Method::PATCH, "/v1/merchant").json(&json!({"time_zone": "UTC"}));
    merchant.http.ask(zone).await.with_status(200);
    let (order, quiet) = (merchant.opens_an_order("49161").await, merchant.opens_an_order("49162").await);
    let (link, undisputed) = (merchant.makes_a_link(&order).await, merchant.makes_a_link(&quiet).await);
    for link in [&link, &undisputed] {
        let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await;
        merchant.sees(&link.id, "paid").await;
        if link.id != undisputed.id {
            sandbox.does("dispute", json!({"payment_intent": payment["payment_intent"]})).await;
        }
    }
    crate::support::eventually("the dispute is known", async || {
        merchant.link(&link.id).await["disputed"].is_string().then_some(())
    })
    .await;
    let listed = async |status: &str| {
        let path = format!("/v1/attention?kind=evidence_expiring&status={status}");
        merchant.http.get(&path).await.with_status(200).json()["items"].as_array().unwrap().clone()
    };
    app.passes(Utc::now() + Days::new(82));
    assert!(listed("open").await.is_empty(), "it is too soon");
    let before = merchant.http.get("/v1/changes?limit=1").await.with_status(200).json()["last_seq"].clone();
    app.passes(Utc::now() + Days::new(84));
    let told = listed("open").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["link_id"], &told[0]["order_number"]), (&json!(link.id), &json!("49161")));
    let created: chrono::DateTime<Utc> = merchant.link(&link.id).await["created_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(told[0]["reason"], (created + Days::new(90)).date_naive().to_string());
    merchant.http.get(&format!("/v1/payment-links/{}/evidence.pdf", link.id)).await.with_status(200);
    let feed = merchant.http.get(&format!("/v1/changes?after={before}&limit=500")).await.with_status(200).json();
    let is_told = |item: &Value| item["type"] == "attention.opened" && item["resource"]["id"] == told[0]["id"];
    assert!(feed["items"].as_array().unwrap().iter().any(is_told), "{feed}");

    // A resolved matter is not opened again.
    let resolve = format!("/v1/attention/{}/resolve", told[0]["id"].as_str().unwrap());
    merchant.http.post(&resolve, &json!({"note": "downloaded"})).await.with_status(200);
    app.passes(Utc::now() + Days::new(86));
    assert!(listed("open").await.is_empty());
    app.passes(Utc::now() + Days::new(91));
    crate::support::eventually("it is erased", async || {
        merchant.link(&link.id).await["purged_at"].is_string().then_some(())
    })
    .await;
    assert_eq!(listed("resolved").await.len(), 1);
}

async fn what_was_paid_in_cash_has_a_receipt_of_the_day_it_was_paid(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("49051").await;
    let link = merchant.makes_a_link(&order).await;
    let yesterday = (Utc::now() - Days::new(1)).date_naive();
    let paid = json!({"method": "cash", "on": yesterday.to_string()});
    merchant.http.post(&format!("/v1/payment-links/{}/mark-paid", link.id), &paid).await.with_status(202);
    merchant.sees(&link.id, "paid").await;
    let text = receipt(app, &link).await;
    assert!(text.contains(&format!("paid on {yesterday} by Cash")), "not on the day, or not by cash");
}

async fn a_buyer_says_once_when_they_will_pay(app: &mut App) {
    let merchant = app.merchant();
    app.rows_are_changed("UPDATE merchant SET reminders = true, reminder_after_days = 1, reminders_at_most = 3").await;
    let order = merchant.opens_an_order("49101").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let url = format!("{}/pay-later", link.url);
    let day = |ahead: u64| (Utc::now() + Days::new(ahead)).date_naive().to_string();
    for bad in ["", "soon", "2020-01-01", "2099-01-01"] {
        posts(app, &url, &[("on", bad)]).await.with_status(303);
        assert!(merchant.link(&link.id).await.get("expected").is_none(), "{bad}");
    }
    posts(app, &url, &[("on", &day(3))]).await.with_status(303);
    posts(app, &url, &[("on", &day(9))]).await.with_status(303);
    let seen = merchant.link(&link.id).await;
    assert_eq!((&seen["expected"]["on"], &seen["expected"]["status"]), (&json!(day(3)), &json!("pending")));
    let page = app.buyer().opens(&link).await.text();
    assert!(page.contains("You said that you would pay on") && !page.contains("/pay-later"), "{page}");
    let conversation = merchant.conversation_with(&order.phone).await;
    let path = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    let said = merchant.http.whole_list(&path, 100).await;
    let sentence = format!("I will pay on {} (", (Utc::now() + Days::new(3)).format("%-d %B %Y"));
    let told = said.iter().filter(|it| it["body"].as_str().is_some_and(|text| text.contains(&sentence))).count();
    assert_eq!(told, 1);
    // It stands among what needs a person until it is read.
    let matters =
        async || merchant.http.get("/v1/attention?kind=unread_reply").await.with_status(200).json()["items"].clone();
    assert_eq!(matters().await[0]["conversation_id"], conversation["id"]);
    merchant.http.post(&format!("/v1/conversations/{}/read", conversation["id"].as_str().unwrap()), &json!({})).await;
    assert_eq!(matters().await, json!([]));

    // Reminders wait for it, and go on when it is broken.
    let reminders = async || {
        let all = merchant.http.whole_list(&format!("/v1/messages?link_id={}", link.id), 100).await;
        all.iter().filter(|message| message["origin"] == "reminder").count()
    };
    let noon = |ahead: u64| (Utc::now() + Days::new(ahead)).date_naive().and_hms_opt(20, 0, 0).unwrap().and_utc();
    app.passes(noon(2));
    app.passes(noon(3));
    assert_eq!(reminders().await, 0);
    app.passes(noon(4));
    crate::support::eventually("a reminder follows", async || (reminders().await == 1).then_some(())).await;
    // And has left before it is night.
    crate::support::eventually("the jobs are done", async || {
        app.operator().jobs("queued").await.is_empty().then_some(())
    })
    .await;
    app.turns_its_clock(TimeDelta::days(5));
    assert_eq!(merchant.link(&link.id).await["expected"]["status"], "broken");
}

async fn the_buyer_of_a_closed_link_asks_once_for_a_new_one(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("49201").await;
    let link = merchant.makes_a_link(&order).await;
    let url = format!("{}/new-link", link.url);
    let wanted = async || -> Vec<Value> {
        let all = merchant.http.whole_list("/v1/attention?kind=link_wanted", 100).await;
        all.into_iter().filter(|matter| matter["link_id"] == link.id.as_str()).collect()
    };
    posts(app, &url, &[]).await.with_status(303);
    assert!(wanted().await.is_empty(), "it can still be paid");
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    let page = app.buyer().opens(&link).await.with_status(410).text();
    assert!(page.contains("Ask for a new link"), "{page}");
    posts(app, &url, &[]).await.with_status(303);
    posts(app, &url, &[]).await.with_status(303);
    let matters = wanted().await;
    assert_eq!(matters.len(), 1);
    let page = app.buyer().opens(&link).await.with_status(410).text();
    assert!(page.contains("was told that you want a new link") && !page.contains("/new-link"), "{page}");
    assert!(!page.contains("ask the merchant"), "of what was asked: {page}");
    let resolve = format!("/v1/attention/{}/resolve", matters[0]["id"].as_str().unwrap());
    merchant.http.post(&resolve, &json!({})).await.with_status(200);
    posts(app, &url, &[]).await.with_status(303);
    assert!(wanted().await.is_empty(), "once for each link");
}

/// The old one may have been sent to a number that is not the buyer's.
async fn the_page_of_a_closed_link_says_that_there_is_a_newer_one_and_not_which(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("49211").await;
    let old = merchant.makes_a_link(&order).await;
    merchant.voids(&old).await.with_status(202);
    merchant.sees(&old.id, "voided").await;
    let newer = merchant.makes_a_link(&order).await;
    let page = app.buyer().opens(&old).await.with_status(410).text();
    assert!(page.contains("has replaced this payment link") && !page.contains("/new-link"), "{page}");
    assert!(!page.contains("was withdrawn"), "two answers: {page}");
    let token = newer.url.rsplit('/').next().unwrap();
    assert!(!page.contains(token), "a stranger is led to it");
    merchant.voids(&newer).await.with_status(202);
    merchant.sees(&newer.id, "voided").await;
    let page = app.buyer().opens(&old).await.with_status(410).text();
    assert!(!page.contains("has replaced this payment link") && page.contains("Ask for a new link"), "{page}");
}

async fn the_page_says_what_it_is_for_and_whom_to_ask_in_the_buyers_language(app: &mut App) {
    let merchant = app.merchant();
    let profile = json!({"contact": "Call (202) 555-0123 or write to hello@shop.example"});
    let patch = merchant.http.request(Method::PATCH, "/v1/merchant").json(&profile);
    merchant.http.ask(patch).await.with_status(200);
    let order = merchant.opens_an_order("49301").await;
    let link = merchant.makes_a_link(&order).await;
    let http = app.anybody();
    for (language, words, direction) in [
        ("en", "What it is for", "ltr"),
        ("es-MX", "De qué se trata", "ltr"),
        ("fr", "De quoi il s’agit", "ltr"),
        ("de-AT", "Worum es geht", "ltr"),
        ("pt-BR", "Do que se trata", "ltr"),
        ("zh-Hans-CN", "内容", "ltr"),
        ("ar", "ما تدفع ثمنه", "rtl"),
    ] {
        let page = http.ask(http.request(Method::GET, &link.url).header("Accept-Language", language)).await;
        let page = page.with_status(200).text();
        for part in [words, "Wedding cake", "tel:+12025550123", "sms:+12025550123", "mailto:hello@shop.example"] {
            assert!(page.contains(part), "{language}: {part}: {page}");
        }
        assert!(page.contains(&format!("dir=\"{direction}\"")), "{language}");
    }
}
