//! Urgent work goes before background work, and a store that hangs delays no one for long.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::flow::workers_know_what_is_paused;
use crate::support::{App, Database, INVOICE, Invoice, Line, Proxy, S3, eventually, order_body};

/// So many texts leave in more than three seconds at the pace that a sender is allowed.
const ROWS: usize = 80;

/// So many leave in two.
const IN_TWO_SECONDS: usize = 50;

#[tokio::test]
async fn a_link_is_sent_before_the_texts_of_a_batch_that_were_there_first() {
    let app = App::start_apart(Database::postgresql().await).await;
    let merchant = app.merchant();
    let topped_up = app.says(&["merchant", "top-up", &app.hello.merchant_id, "2000"]);
    assert_eq!(topped_up, "2100 credits are available now\n");
    let (before, within) = (merchant.opens_an_order("15001").await, merchant.opens_an_order("15002").await);
    let links = [merchant.makes_a_link(&before).await, merchant.makes_a_link(&within).await];
    app.says(&["jobs", "pause", "--kind", "send_sms", "--reason", "so that they pile up"]);
    workers_know_what_is_paused(&app).await;
    let row = |n: usize| {
        let mut row = order_body(&format!("B-{n}"), &format!("+12025572{n:03}"));
        row["key"] = n.to_string().into();
        row
    };
    let rows: Vec<Value> = (0..ROWS).map(row).collect();
    let batch = merchant.http.post("/v1/batches", &json!({"rows": rows, "send": true})).await.with_status(202).json();
    let start = format!("/v1/batches/{}/start", batch["id"].as_str().unwrap());
    merchant.http.post(&start, &json!({})).await.with_status(202);
    eventually("the texts wait", async || (app.lanes_of("send_sms").await.0 == ROWS).then_some(())).await;
    for kind in ["store_invoice", "create_stripe_link"] {
        assert_eq!(app.lanes_of(kind).await, (ROWS, 2), "{kind}");
    }
    let message = merchant.sends(&links[0]).await;

    let outbox = async || app.sandbox().knows("sms/outbox").await["items"].as_array().unwrap().clone();
    let is_of_batch = |text: &&Value| text["to"].as_str().unwrap().starts_with("+12025572");
    app.says(&["jobs", "resume", "--kind", "send_sms"]);
    let begun = async || outbox().await.iter().any(|text| is_of_batch(&text)).then_some(());
    eventually("the batch is being sent", begun).await;
    let other = merchant.sends(&links[1]).await;
    let already = outbox().await.iter().filter(is_of_batch).count();
    for message in [message, other] {
        merchant.sees_message(&message, "delivered").await;
    }
    eventually("all are sent", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    // What left before it, by the order in which the carrier had them: how quick the machine is decides nothing.
    let left = outbox().await;
    assert_eq!(left.iter().filter(is_of_batch).count(), ROWS);
    for (order, already) in [(before, 0), (within, already)] {
        let place = left.iter().position(|text| text["to"] == order.phone.as_str()).unwrap();
        let earlier = left[..place].iter().filter(is_of_batch).count().saturating_sub(already);
        assert!(earlier < IN_TWO_SECONDS, "{earlier} of {ROWS} texts went before {}", order.phone);
    }
}

#[tokio::test]
async fn a_link_is_voided_before_the_links_that_expired_first() {
    let app = App::start_apart(Database::postgresql().await).await;
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&merchant.opens_an_order("15006").await).await;
    let row = |n: usize| {
        let mut row = order_body(&format!("E-{n}"), &format!("+12025573{n:03}"));
        row["key"] = n.to_string().into();
        row
    };
    let rows: Vec<Value> = (0..ROWS).map(row).collect();
    let batch = merchant.http.post("/v1/batches", &json!({"rows": rows})).await.with_status(202).json();
    let start = format!("/v1/batches/{}/start", batch["id"].as_str().unwrap());
    merchant.http.post(&start, &json!({})).await.with_status(202);
    let count = async |what: &str| {
        let (db, ask) = (app.database().await, format!("SELECT count(*) AS n FROM {what}"));
        let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, ask)).await.unwrap().unwrap();
        db.close().await.unwrap();
        usize::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap()
    };
    let of_batch = "order_id IN (SELECT id FROM orders WHERE number LIKE 'E-%')";
    let unpaid = format!("payment_link WHERE state = 'unpaid' AND {of_batch}");
    eventually("all have links", async || (count(&unpaid).await == ROWS).then_some(())).await;

    app.says(&["jobs", "pause", "--kind", "close_stripe_link", "--reason", "so that they pile up"]);
    workers_know_what_is_paused(&app).await;
    for table in ["payment_link", "open_link"] {
        app.rows_are_changed(&format!("UPDATE {table} SET expires_at = now() WHERE {of_batch}")).await;
    }
    let soon = (Utc::now() + TimeDelta::hours(2)).to_rfc3339();
    assert!(app.runs(&["scheduler", "--once", "--at", &soon]).status.success());
    merchant.voids(&link).await.with_status(202);
    assert_eq!(app.lanes_of("close_stripe_link").await, (ROWS, 1));
    app.says(&["jobs", "resume", "--kind", "close_stripe_link"]);
    merchant.sees(&link.id, "voided").await;
    eventually("all are expired", async || (count("link_event WHERE event = 'expired'").await == ROWS).then_some(()))
        .await;
    let earlier = "link_event WHERE event = 'expired' AND at < (SELECT at FROM link_event WHERE event = 'voided')";
    let earlier = count(earlier).await;
    assert!(earlier < IN_TWO_SECONDS, "{earlier} of {ROWS} links were closed before it");
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
    assert!(app.log().lines().any(|line| line.contains("a text was refused") && line.contains("the carrier's code")));
}
