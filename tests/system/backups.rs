//! The way back: a backup that everything is in, a restoration after which nothing happens twice, and the move to PostgreSQL.

use std::fs;

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::flow::workers_know_what_is_paused;
use crate::support::{App, Database, Invoice, eventually, migrated_postgresql};

const KEY: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=";
const OTHER_KEY: &str = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=";

#[tokio::test]
async fn after_a_restoration_nothing_happens_twice_and_no_payment_is_lost() {
    let mut app = App::start_apart(Database::sqlite()).await;
    app.will_have("PAYLINK_BACKUP_KEY", KEY);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup").display().to_string();
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let (kept, held) = (merchant.opens_an_order("13001").await, merchant.opens_an_order("13002").await);
    let (link, texted) = (merchant.makes_a_link(&kept).await, merchant.makes_a_link(&held).await);
    app.says(&["jobs", "pause", "--kind", "send_sms", "--reason", "so that it is under way"]);
    workers_know_what_is_paused(&app).await;
    let message = merchant.sends(&texted).await;

    app.says(&["backup", &file]);
    assert!(!fs::read(&file).unwrap().windows(4).any(|bytes| bytes == b"%PDF"), "it is sealed");

    // After the backup the text goes out, and links are made that the backup does not know.
    app.says(&["jobs", "resume", "--kind", "send_sms"]);
    merchant.sees_message(&message, "delivered").await;
    let (to_pay, to_leave) = (merchant.opens_an_order("13003").await, merchant.opens_an_order("13004").await);
    let (paid, left) = (merchant.makes_a_link(&to_pay).await, merchant.makes_a_link(&to_leave).await);
    sandbox.does("pay", json!({"url": paid.stripe_url})).await;
    merchant.sees(&paid.id, "paid").await;
    assert!(app.stops().success());
    app.loses_its_data();

    let restored = app.says(&["restore", &file]);
    assert!(restored.contains("1 texts that were under way") && restored.contains("restored as of"), "{restored}");
    app.starts_again().await;
    app.says(&["jobs", "resume", "--kind", "send_sms"]);
    let sandbox_now = app.sandbox();
    let merchant = app.merchant();
    let found = eventually("the payment is found", async || {
        let answer = merchant.http.get(&format!("/v1/payment-links/{}", paid.id)).await;
        (answer.status == 200 && answer.json()["status"] == "paid").then(|| answer.json())
    })
    .await;
    assert_eq!(found["review"], "paid_after_void", "a person is to look at it: {found:#}");
    eventually("the other is closed", async || (sandbox_now.links_for(&left.id).await.live == 0).then_some(())).await;
    let left = merchant.http.get(&format!("/v1/payment-links/{}", left.id)).await.with_status(200).json();
    assert!(left["status"] == "failed" && left["failure"].as_str().unwrap().contains("restored"), "{left:#}");

    merchant.sees_message(&message, "sent").await;
    assert_eq!(sandbox.texts_to(&held.phone).await.len(), 1, "no text goes out twice");
    app.anybody().get(link.url.strip_prefix(&app.hello.url).unwrap()).await.with_status(200);
    let invoice = merchant.http.get(&format!("/v1/payment-links/{}/invoice", link.id)).await.with_status(200);
    assert!(invoice.text().starts_with("%PDF"));
    let paused = app.says(&["jobs", "paused"]);
    assert!(paused.contains("remind"), "{paused}");
    app.says(&["jobs", "resume", "--kind", "remind"]);
}

#[tokio::test]
async fn a_backup_opens_with_its_key_only_and_whole_or_not_at_all() {
    let mut app = App::start_apart(Database::sqlite()).await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup");
    let name = file.display().to_string();
    let refused = app.runs(&["backup", &name]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && why.contains("PAYLINK_BACKUP_KEY") && !file.exists(), "{why}");

    app.will_have("PAYLINK_BACKUP_KEY", KEY);
    app.says(&["backup", &name]);
    let again = app.runs(&["backup", &name]);
    assert!(!again.status.success(), "it overwrites nothing");
    let beside = app.runs(&["restore", &name]);
    assert!(!beside.status.success(), "it restores over nothing that runs");
    assert!(app.stops().success());
    let over = app.runs(&["restore", &name]);
    assert!(String::from_utf8(over.stderr).unwrap().contains("there is a database"));
    app.loses_its_data();

    app.will_have("PAYLINK_BACKUP_KEY", OTHER_KEY);
    let why = String::from_utf8(app.runs(&["restore", &name]).stderr).unwrap();
    assert!(why.contains("does not open"), "{why}");
    app.will_have("PAYLINK_BACKUP_KEY", KEY);
    let whole = fs::read(&file).unwrap();
    let cut = place.path().join("cut");
    fs::write(&cut, &whole[..whole.len() - 70_000]).unwrap();
    let why = String::from_utf8(app.runs(&["restore", &cut.display().to_string()]).stderr).unwrap();
    assert!(why.contains("does not open") && !app.has_a_database(), "{why}");
    app.says(&["restore", &name]);
    let to_come = app.runs(&["restore", "--restored-to", "2999-01-01T00:00:00Z"]);
    assert!(String::from_utf8(to_come.stderr).unwrap().contains("yet to come"));
    app.starts_again().await;
}

#[tokio::test]
async fn a_box_moves_to_postgresql_row_by_row_and_goes_on_after_an_interruption() {
    let mut app = App::start_apart(Database::sqlite()).await;
    let merchant = app.merchant();
    let (order, other) = (merchant.opens_an_order("14001").await, merchant.opens_an_order("14002").await);
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let of_other = merchant.uploads(&other, &Invoice::default()).await;
    merchant.has_the_link(&of_other).await;
    let before = merchant.http.get(&format!("/v1/payment-links/{}", link.id)).await.json();
    assert!(app.stops().success());

    let url = migrated_postgresql().await;
    let db = entity::Db::open(&url, 1).await.unwrap();
    let breaks = "ALTER TABLE message ADD CONSTRAINT interrupted CHECK (false) NOT VALID";
    db.pool().execute_unprepared(breaks).await.unwrap();
    let interrupted = app.runs(&["move", "--to", &url]);
    let why = String::from_utf8(interrupted.stderr).unwrap();
    assert!(!interrupted.status.success() && why.contains("interrupted"), "{why}");
    db.pool().execute_unprepared("ALTER TABLE message DROP CONSTRAINT interrupted").await.unwrap();
    let moved = app.says(&["move", "--to", &url]);
    assert!(moved.contains("going on with a move") && moved.contains("each as it was"), "{moved}");
    let again = app.runs(&["move", "--to", &url]);
    assert!(String::from_utf8(again.stderr).unwrap().contains("there is an installation"), "it moves over nothing");

    app.moves_to(Database::Postgresql { url });
    app.starts_again().await;
    let merchant = app.merchant();
    let after = merchant.http.get(&format!("/v1/payment-links/{}", link.id)).await.with_status(200).json();
    assert_eq!(before, after);
    app.anybody().get(link.url.strip_prefix(&app.hello.url).unwrap()).await.with_status(200);
    app.buyer().sandbox.does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
}
