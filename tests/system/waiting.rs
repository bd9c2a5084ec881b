//! Urgent work goes before background work, and a store that hangs delays no one for long.

use std::time::{Duration, Instant};

use domain::sms::Body;
use entity::message::{self, NewMessage, Origin};
use queue::{EnqueueOptions, SendSms, enqueue};
use reqwest::Method;

use crate::flow::workers_know_what_is_paused;
use crate::support::{App, Database, INVOICE, Invoice, Line, Proxy, S3, eventually};

/// So many reminders leave in 12 seconds at the pace that a sender is allowed.
const REMINDERS: usize = 300;

#[tokio::test]
async fn a_link_is_sent_before_the_reminders_that_were_there_first() {
    let app = App::start_apart(Database::postgresql().await).await;
    let merchant = app.merchant();
    app.says(&["merchant", "top-up", &app.hello.merchant_id, "2000"]);
    let (reminded, sent) = (merchant.opens_an_order("15001").await, merchant.opens_an_order("15002").await);
    let first = merchant.makes_a_link(&reminded).await;
    let message = merchant.sends(&first).await;
    merchant.sees_message(&message, "delivered").await;
    let conversation = merchant.conversation_with(&reminded.phone).await["id"].as_str().unwrap().parse().unwrap();
    app.says(&["jobs", "pause", "--kind", "send_sms", "--reason", "so that they pile up"]);
    workers_know_what_is_paused(&app).await;

    let (owner, db) = (app.hello.merchant_id.parse().unwrap(), entity::Db::open(&app.database_url(), 2).await.unwrap());
    let (now, tx) = (db.now().await.unwrap(), db.begin().await.unwrap());
    let merchant_row = entity::merchant::get(&tx, owner).await.unwrap();
    for n in 0..REMINDERS {
        let text = NewMessage {
            conversation,
            link: None,
            body: Body::new(&format!("Reminder {n}")).unwrap(),
            // A reminder waits for the buyer's day, and this test does not: what is queued in the background is what
            // counts.
            origin: Origin::Merchant,
            once_key: None,
            send_at: None,
            actor: None,
        };
        let message = message::command(&tx, &merchant_row, text, now).await.unwrap().id;
        let background = EnqueueOptions::for_merchant(owner).in_background(message.to_string());
        let _unnotified = enqueue(&tx, &SendSms { merchant: owner, message }, background, now).await.unwrap();
    }
    tx.commit().await.unwrap();
    let link = merchant.makes_a_link(&sent).await;
    let message = merchant.sends(&link).await;

    app.says(&["jobs", "resume", "--kind", "send_sms"]);
    eventually("the link is sent", async || {
        let status = merchant.message(&message).await["status"].clone();
        ["sent", "delivered"].iter().any(|done| status == *done).then_some(())
    })
    .await;
    eventually("all are sent", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    // What left before it, by the order in which the carrier had them: how quick the machine is decides nothing.
    let left = app.sandbox().knows("sms/outbox").await["items"].as_array().unwrap().clone();
    let reminders = left.iter().filter(|text| text["body"].as_str().unwrap().starts_with("Reminder ")).count();
    let place = left.iter().position(|text| text["to"] == sent.phone.as_str()).unwrap();
    let before = left[..place].iter().filter(|text| text["body"].as_str().unwrap().starts_with("Reminder ")).count();
    assert_eq!(reminders, REMINDERS);
    assert!(before < REMINDERS / 3, "{before} of {REMINDERS} reminders went before it");
}

#[tokio::test]
async fn a_store_that_hangs_fails_an_upload_in_ten_seconds_and_nothing_else() {
    let s3 = S3::start().await;
    let way = Proxy::to(s3.port).await;
    let mut environment = s3.environment();
    for (name, value) in &mut environment {
        if *name == "AWS_ENDPOINT" {
            *value = format!("http://127.0.0.1:{}", way.port);
        }
    }
    let app = App::start_apart_with(Database::sqlite(), &environment).await;
    let merchant = app.merchant();
    let (kept, order) = (merchant.opens_an_order("15003").await, merchant.opens_an_order("15004").await);
    let link = merchant.makes_a_link(&kept).await;
    way.is(Line::Held);
    let begin = Instant::now();
    let invoice = Invoice { pdf: Some(INVOICE), ..Invoice::default() };
    let upload = merchant.asks_for_a_link(&order, &invoice);
    let upload = async { (upload.await, begin.elapsed()) };
    let ((upload, refused), sent) = tokio::join!(upload, async {
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        begin.elapsed()
    });
    assert_eq!((upload.status, upload.json()["code"].as_str()), (503, Some("store_unavailable")), "{}", upload.text());
    // Ten seconds, and as many for a machine that has more to do.
    assert!(refused < Duration::from_secs(20), "{refused:?}");
    assert!(sent < refused, "what needs no store waited for it: {sent:?}, and the upload {refused:?}");
    way.is(Line::Open);
    let again = merchant.uploads(&order, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
    merchant.has_the_link(&again).await;
}

#[tokio::test]
async fn why_a_buyer_got_no_text_is_told_in_one_step() {
    let app = App::start(Database::postgresql().await).await;
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("15005").await;
    let link = merchant.makes_a_link(&order).await;
    sandbox
        .fails(serde_json::json!({"service": "sms", "times": 1, "mode": "status", "status": 400, "method": "POST"}))
        .await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "failed").await;
    for about in [order.phone.as_str(), "15005", &order.id, &link.id, &message] {
        let told = app.says(&["why", about]);
        assert!(
            told.contains(&message) && told.contains("it was not sent") && told.contains("because: "),
            "{about}: {told}"
        );
    }
    let silent = merchant.opens_an_order("15006").await;
    let told = app.says(&["why", &silent.phone]);
    assert!(told.contains(&silent.id) && told.contains("no link was made for it"), "{told}");
    let refused = merchant.makes_a_link(&silent).await;
    for (change, cause) in [
        ("UPDATE merchant SET sms_rate = 1000", "credits, and a text takes 1000 at least"),
        ("UPDATE merchant SET suspended_at = created_at, suspended_reason = 'asked'", "the merchant is suspended"),
    ] {
        app.changes_rows(change).await;
        let told = app.says(&["why", &refused.id]);
        assert!(told.contains("no text carries it") && told.contains(cause), "{told}");
    }
    app.changes_rows("UPDATE merchant SET suspended_at = NULL, suspended_reason = NULL, sms_rate = 1").await;
    app.says(&["jobs", "pause", "--kind", "send_sms", "--reason", "the carrier asks for it"]);
    assert!(app.says(&["why", &refused.id]).contains("the carrier asks for it"));
    app.says(&["jobs", "resume", "--kind", "send_sms"]);
    let nothing = app.runs(&["why", "+12025550199"]);
    assert!(!nothing.status.success() && String::from_utf8(nothing.stderr).unwrap().contains("nothing is known"));
    let asked = app.anybody().request(Method::GET, "/metrics");
    let figures = app.anybody().try_ask(asked).await.unwrap();
    assert!(figures.text().contains("paylink_texts_refused_total{by=\"carrier\"} "), "{}", figures.text());
    assert!(app.log().contains("a text was refused"));
}
