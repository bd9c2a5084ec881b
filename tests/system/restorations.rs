//! After a restoration nothing happens twice, and no payment is lost.

use std::fs;

use chrono::{SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::backups::{KEY, why};
use crate::support::{
    App, Database, Invoice, Link, Order, Sandbox, StripeEvent, eventually, migrated_postgresql, order_body,
    postgres_program,
};

#[tokio::test]
async fn after_a_restoration_nothing_happens_twice_and_no_payment_is_lost() {
    let mut app = App::start_apart(Database::sqlite()).await;
    app.will_have("PAYLINK_BACKUP_KEY", KEY);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup").display().to_string();
    let before = Before::made_by(&app).await;

    app.says(&["backup", &file]);
    assert!(!fs::read(&file).unwrap().windows(4).any(|bytes| bytes == b"%PDF"), "it is sealed");

    let after = After::made_by(&app, &before).await;
    assert!(app.stops().success());
    app.loses_its_data();

    let restored = app.says(&["restore", &file]);
    assert!(restored.contains("2 texts that were under way") && restored.contains("restored as of"), "{restored}");
    nothing_happens_twice(&mut app, before, after).await;
}

#[tokio::test]
async fn after_postgresql_was_restored_by_its_own_tools_nothing_happens_twice_and_no_payment_is_lost() {
    let url = migrated_postgresql().await;
    let mut app = App::start_apart(Database::Postgresql { url: url.clone() }).await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("dump").display().to_string();
    let before = Before::made_by(&app).await;

    let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    postgres_runs("pg_dump", &["--format=custom", "--file", &file, &url]);

    let after = After::made_by(&app, &before).await;
    let running = why(app.runs(&["restore", "--restored-to", &at]));
    assert!(running.contains("is connected to this database: stop every role first"), "{running}");
    assert!(app.stops().success());
    app.changes_rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    postgres_runs("pg_restore", &["--no-owner", "--exit-on-error", "--dbname", &url, &file]);

    app.changes_rows("UPDATE job SET created_at = created_at - interval '9 days' WHERE state = 'queued'").await;
    let restored = app.says(&["restore", "--restored-to", &at]);
    assert!(restored.contains("2 texts that were under way"), "{restored}");
    let old = "SELECT count(*) AS old FROM job WHERE state = 'queued' AND created_at < now() - interval '1 day'";
    let old = Statement::from_string(DbBackend::Postgres, old);
    let old = app.database().await.query_one_raw(old).await.unwrap().unwrap();
    assert_eq!(old.try_get::<i64>("", "old").unwrap(), 0, "they are given up at once");
    nothing_happens_twice(&mut app, before, after).await;
}

fn postgres_runs(program: &str, arguments: &[&str]) {
    let output = postgres_program(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
}

/// What does something outside, and waits at the time of the backup.
const UNDER_WAY: [&str; 4] = ["send_sms", "create_stripe_link", "process_sms_event", "run_batch"];

/// The state at the time of the backup: a link, and much that is under way.
struct Before {
    link: Link,
    /// Whose text is queued, and whose is scheduled for a time that comes.
    held: [(Order, String); 2],
    /// Who has asked for help.
    asks: Order,
    /// A link that Stripe does not know yet.
    unmade: String,
    /// A link whose invoice is yet to be stored.
    unstored: String,
    /// A batch whose first row has its order, and no link yet.
    batch: String,
    /// A link that is paid by a bank, and the session of that payment.
    delayed: (Link, String),
}

async fn are_paused(app: &App, kinds: &[&str]) {
    for kind in kinds {
        app.says(&["jobs", "pause", "--kind", kind, "--reason", "so that it is under way"]);
    }
    eventually("workers know of the pauses", async || {
        let log = app.log();
        let mut told = log.lines().filter(|line| line.contains("what is paused has changed"));
        told.any(|line| kinds.iter().all(|kind| line.contains(kind))).then_some(())
    })
    .await;
}

/// The phones of the batch's rows.
const ROWS: [&str; 2] = ["+12025571361", "+12025571362"];

impl Before {
    async fn made_by(app: &App) -> Self {
        let merchant = app.merchant();
        let opens = async |number: &str| merchant.opens_an_order(number).await;
        let (held, scheduled, asks) = (opens("13001").await, opens("13002").await, opens("13005").await);
        let (texted, link) = (merchant.makes_a_link(&held).await, merchant.makes_a_link(&scheduled).await);
        let delayed = merchant.makes_a_link(&opens("13008").await).await;
        let begun = app.sandbox().does("pay", json!({"url": delayed.stripe_url, "async": true})).await;
        merchant.sees(&delayed.id, "processing").await;
        let delayed = (delayed, begun["session"].as_str().unwrap().to_owned());
        let row = |n: usize| {
            let mut row = order_body(&format!("R-{n}"), ROWS[n]);
            row["key"] = n.to_string().into();
            row
        };
        let rows = json!({"rows": [row(0), row(1)], "send": true});
        let batch = merchant.http.post("/v1/batches", &rows).await.with_status(202).json();
        are_paused(app, &UNDER_WAY).await;

        let message = merchant.sends(&texted).await;
        let then = (Utc::now() + TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
        let send = format!("/v1/payment-links/{}/send", link.id);
        let later = merchant.http.post(&send, &json!({"send_at": then})).await.with_status(202).json();
        app.changes_rows("UPDATE message SET scheduled_for = created_at WHERE scheduled_for IS NOT NULL").await;
        app.sandbox().buyer_texts(&asks.phone, "Help, please!").await;
        eventually("the question is here", async || (app.lanes_of("process_sms_event").await.1 == 1).then_some(()))
            .await;
        let unmade = merchant.uploads(&opens("13006").await, &Invoice::default()).await;
        let waits = async || (app.lanes_of("create_stripe_link").await.1 == 3).then_some(());
        eventually("Stripe is to be asked for it", waits).await;
        are_paused(app, &["store_invoice"]).await;
        let unstored = merchant.uploads(&opens("13007").await, &Invoice::default()).await;
        merchant.opens_an_order_of("R-0", ROWS[0]).await;
        let batch = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
        let order = "(SELECT id FROM orders WHERE number = 'R-0')";
        app.changes_rows(&format!("UPDATE batch_row SET order_id = {order} WHERE order_number = 'R-0'")).await;
        merchant.http.post(&format!("{batch}/start"), &json!({})).await.with_status(202);
        let later = later["id"].as_str().unwrap().to_owned();
        Self { link, held: [(held, message), (scheduled, later)], asks, unmade, unstored, batch, delayed }
    }

    /// What it comes to, once each: what was under way is done, and the buyers have their texts.
    async fn is_done(&self, app: &App) -> Value {
        let (merchant, sandbox) = (app.merchant(), app.sandbox());
        for kind in UNDER_WAY.into_iter().chain(["store_invoice"]) {
            app.says(&["jobs", "resume", "--kind", kind]);
        }
        merchant.has_the_link(&self.unmade).await;
        merchant.has_the_link(&self.unstored).await;
        let batch = eventually("the batch is done", async || {
            let batch = merchant.http.get(&self.batch).await.with_status(200).json();
            (batch["status"] == "done").then_some(batch)
        })
        .await;
        for phone in [ROWS[0], ROWS[1], &self.asks.phone, &self.held[0].0.phone, &self.held[1].0.phone] {
            let texts = async || (!sandbox.texts_to(phone).await.is_empty()).then_some(());
            eventually(&format!("{phone} has a text"), texts).await;
        }
        let none_waits = async || (app.lanes_of("process_sms_event").await == (0, 0)).then_some(());
        eventually("the question is answered", none_waits).await;
        batch
    }
}

/// Created after the backup: two links, one of them paid, and one in the place of another, paid too.
struct After {
    paid: Link,
    left: Link,
    renewed: Link,
    /// How often Stripe was asked for a link.
    asked: usize,
}

async fn asked_for_links(app: &App) -> usize {
    let asked = app.sandbox().requests("stripe", "POST", "/v1/payment_links").await;
    asked.iter().filter(|request| request["path"].as_str().unwrap().ends_with("/payment_links")).count()
}

/// The address at which the link can be paid again after its first payment failed.
async fn is_renewed(app: &App, link: &Link) -> String {
    eventually("it can be paid again", async || {
        let url = app.merchant().link(&link.id).await["stripe_url"].as_str().map(ToOwned::to_owned);
        url.filter(|url| *url != link.stripe_url)
    })
    .await
}

impl After {
    /// What was under way is done, too.
    async fn made_by(app: &App, before: &Before) -> Self {
        let (merchant, sandbox) = (app.merchant(), app.sandbox());
        let batch = before.is_done(app).await;
        assert_eq!((&batch["done"], &batch["failed"]), (&json!(2), &json!(0)), "{batch}");
        for (_, message) in &before.held {
            merchant.sees_message(message, "delivered").await;
        }
        let (to_pay, to_leave) = (merchant.opens_an_order("13003").await, merchant.opens_an_order("13004").await);
        let (paid, left) = (merchant.makes_a_link(&to_pay).await, merchant.makes_a_link(&to_leave).await);
        let (delayed, session) = &before.delayed;
        sandbox.does("settle", json!({"session": session, "succeed": false})).await;
        links_of_others_follow(&sandbox).await;
        let renewed = Link { stripe_url: is_renewed(app, delayed).await, ..delayed.clone() };
        for link in [&paid, &renewed] {
            sandbox.does("pay", json!({"url": link.stripe_url})).await;
            merchant.sees(&link.id, "paid").await;
        }
        Self { paid, left, renewed, asked: asked_for_links(app).await }
    }
}

/// More payment links than one job reads are made at Stripe by somebody else, after ours.
async fn links_of_others_follow(sandbox: &Sandbox) {
    let form = [
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "100"),
        ("line_items[0][price_data][product_data][name]", "Other"),
        ("line_items[0][quantity]", "1"),
    ];
    for _ in 0..501 {
        sandbox.at_stripe(Method::POST, "payment_links", &form).await;
    }
}

async fn nothing_happens_twice(app: &mut App, before: Before, after: After) {
    app.starts_again().await;
    let paused = app.says(&["jobs", "paused"]);
    for kind in ["remind", "tell_buyer", "run_batch", "tell_low_credit"] {
        assert!(paused.contains(kind), "{kind} goes on: {paused}");
    }
    let (sandbox, merchant) = (app.sandbox(), app.merchant());
    // Even if nobody waits for what Stripe knows.
    let batch = before.is_done(app).await;
    assert_eq!((&batch["done"], &batch["failed"]), (&json!(0), &json!(2)), "a row is done again: {batch}");
    let rows = merchant.http.whole_list(&format!("{}/rows", before.batch), 10).await;
    let problems: Vec<&Value> = rows.iter().map(|row| &row["problem"]).collect();
    assert_eq!(problems, ["link_open", "order_exists"], "{rows:?}");
    let found = eventually("the payment is found", async || {
        let answer = merchant.http.get(&format!("/v1/payment-links/{}", after.paid.id)).await;
        (answer.status == 200 && answer.json()["status"] == "paid").then(|| answer.json())
    })
    .await;
    assert_eq!(found["review"], "paid_after_void", "a person is to look at it: {found:#}");
    let closed = async || (sandbox.links_for(&after.left.id).await.live == 0).then_some(());
    eventually("the other is closed", closed).await;
    let left = merchant.http.get(&format!("/v1/payment-links/{}", after.left.id)).await.with_status(200).json();
    assert!(left["status"] == "failed" && left["failure"].as_str().unwrap().contains("restored"), "{left:#}");
    let (delayed, session) = &before.delayed;
    let kind = "checkout.session.async_payment_failed";
    app.is_told(&StripeEvent::about_session(kind, &delayed.id, session, "unpaid")).await.with_status(200);
    assert_eq!(is_renewed(app, delayed).await, after.renewed.stripe_url, "it can be paid twice");
    // Stripe was asked whether it has the link, which would be another one a day later, and not for the link.
    assert_eq!(asked_for_links(app).await, after.asked, "a link is asked for again");

    for (_, message) in &before.held {
        merchant.sees_message(message, "sent").await;
    }
    for phone in [ROWS[0], ROWS[1], &before.asks.phone, &before.held[0].0.phone, &before.held[1].0.phone] {
        assert_eq!(sandbox.texts_to(phone).await.len(), 1, "{phone} has a text twice");
    }
    let asked = merchant.conversation_with(&before.asks.phone).await["id"].as_str().unwrap().to_owned();
    let said = merchant.http.whole_list(&format!("/v1/conversations/{asked}/messages"), 10).await;
    assert_eq!(said.len(), 1, "the question is answered again: {said:?}");
    let link = before.link;
    app.anybody().get(link.url.strip_prefix(&app.hello.url).unwrap()).await.with_status(200);
    let invoice = merchant.http.get(&format!("/v1/payment-links/{}/invoice", link.id)).await.with_status(200);
    assert!(invoice.text().starts_with("%PDF"));
    app.says(&["jobs", "resume", "--kind", "remind"]);
}
