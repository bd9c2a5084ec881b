//! Backups: a backup is complete and opens with its key only, and the move to PostgreSQL.

use std::fs;

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::support::{App, Database, Invoice, Process, WrongClock, comes_true, migrated_postgresql};

pub(crate) const KEY: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=";
const OTHER_KEY: &str = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=";

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

pub(crate) fn why(output: std::process::Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_backup_holds_the_key_that_opens_it() {
    let mut app = App::start_apart(Database::sqlite()).await;
    app.will_have("PAYLINK_BACKUP_KEY", KEY);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup").display().to_string();
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&merchant.opens_an_order("13101").await).await;
    let old = app.file("secret.key");
    let new = app.says(&["secrets", "generate"]).trim().to_owned();
    app.starts_again_with(&[
        ("PAYLINK_SECRET_KEY", &new),
        ("PAYLINK_PREVIOUS_SECRET_KEYS", old.trim()),
        ("PAYLINK_BACKUP_KEY", KEY),
    ])
    .await;

    let too_early = why(app.runs(&["backup", &file]));
    assert!(too_early.contains("secrets rotate") && !fs::exists(&file).unwrap(), "{too_early}");
    app.says(&["secrets", "rotate"]);
    let without = |app: &App| app.command().env_remove("PAYLINK_SECRET_KEY").args(["backup", &file]).output().unwrap();
    // As it was before: a shell that is not told the key finds the old one.
    app.puts("secret.key", &old);
    let wrong = why(without(&app));
    assert!(wrong.contains("PAYLINK_SECRET_KEY") && !fs::exists(&file).unwrap(), "{wrong}");
    app.puts("secret.key", &new);
    assert!(without(&app).status.success());

    assert!(app.stops().success());
    app.loses_its_data();
    app.says(&["restore", &file]);
    app.starts_again().await;
    app.anybody().get(link.url.strip_prefix(&app.hello.url).unwrap()).await.with_status(200);
}

#[tokio::test]
async fn a_restoration_that_fails_leaves_no_database() {
    let mut app = App::start_apart(Database::sqlite()).await;
    app.will_have("PAYLINK_BACKUP_KEY", KEY);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup");
    let name = file.display().to_string();
    app.says(&["backup", &name]);
    assert!(app.stops().success());

    // What lies there is touched by nothing, be it a database or only its log.
    let refused = why(app.runs(&["restore", &name]));
    assert!(refused.contains("paylink.db: move it away") && refused.contains("-wal"), "{refused}");
    app.loses_its_data();
    app.puts("paylink.db-wal", "what was written last");
    let refused = why(app.runs(&["restore", &name]));
    assert!(refused.contains("paylink.db-wal") && !app.has_a_database(), "{refused}");
    assert_eq!(app.file("paylink.db-wal"), "what was written last");
    app.loses_its_data();

    // By a clock that is a day behind, the backup is yet to come.
    let clock = WrongClock::by("-1d");
    let behind = app.command().envs(clock.environment()).args(["restore", &name]).output().unwrap();
    let refused = why(behind);
    assert!(refused.contains("yet to come") && !app.has_a_database() && !app.has("paylink.restoring"), "{refused}");
    assert!(!app.has("secret.key"), "it has left a key");

    // A key that is there may be all that opens something else, and a file that does not open takes nobody's place.
    app.puts("secret.key", OTHER_KEY);
    app.puts("operator.key", "another operator's key");
    let refused = why(app.runs(&["restore", &name]));
    assert!(refused.contains("another key than the backup"), "{refused}");
    let mut whole = fs::read(&file).unwrap();
    let last = whole.len() - 1;
    whole[last] ^= 1;
    fs::write(place.path().join("broken"), &whole).unwrap();
    let refused = why(app.runs(&["restore", &place.path().join("broken").display().to_string()]));
    assert!(refused.contains("does not open") && !app.has_a_database(), "{refused}");
    assert_eq!(
        (app.file("secret.key").as_str(), app.file("operator.key").as_str()),
        (OTHER_KEY, "another operator's key")
    );

    app.loses_its_data();
    app.says(&["restore", &name]);
    for left in ["paylink.restoring", "paylink.restoring-wal", "paylink.restoring-shm", "paylink.db-wal"] {
        assert!(!app.has(left), "{left}");
    }
    app.starts_again().await;
}

#[tokio::test]
async fn a_backup_that_is_killed_leaves_nothing_readable() {
    let app = App::start_apart(Database::sqlite()).await;
    app.will_have("PAYLINK_BACKUP_KEY", KEY);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup").display().to_string();
    // Enough for a backup to take its time.
    app.changes_rows("CREATE TABLE ballast AS SELECT randomblob(60000000) AS weight").await;
    let left = || {
        let names = app.files().into_iter().map(|(name, _)| name);
        names.filter(|name| name.contains("/backup-")).collect::<Vec<_>>()
    };
    let under_way = || {
        let mut command = app.command();
        command.args(["backup", &file]);
        let backup = Process::start(&mut command, place.path());
        assert!(comes_true(|| app.has_one_that_begins("backup-")), "{}", backup.log());
        backup
    };

    let mut told = under_way();
    told.is_asked_to_stop();
    assert!(!told.ends().0.success() && told.log().contains("was stopped"), "{}", told.log());
    assert_eq!(left(), [] as [&str; 0]);
    assert!(!fs::exists(&file).unwrap() && !fs::exists(format!("{file}.part")).unwrap());

    drop(under_way());
    assert!(!left().is_empty(), "what was killed cannot tidy");
    assert!(!fs::exists(&file).unwrap(), "half a file has the name of a backup");
    app.says(&["backup", &file]);
    assert_eq!(left(), [] as [&str; 0]);
    assert!(!fs::exists(format!("{file}.part")).unwrap());
    app.changes_rows("DROP TABLE ballast").await;
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
    // A column that keeps less of a row than it had.
    let keeps = |digits: u8| format!("ALTER TABLE merchant ALTER COLUMN created_at TYPE timestamptz({digits})");
    db.pool().execute_unprepared(&keeps(0)).await.unwrap();
    let other = String::from_utf8(app.runs(&["move", "--to", &url]).stderr).unwrap();
    assert!(other.contains("rows of merchant, 0 are as they were"), "{other}");
    db.pool().execute_unprepared(&keeps(6)).await.unwrap();
    let breaks = "ALTER TABLE message ADD CONSTRAINT interrupted CHECK (false) NOT VALID";
    db.pool().execute_unprepared(breaks).await.unwrap();
    let interrupted = app.runs(&["move", "--to", &url]);
    let why = String::from_utf8(interrupted.stderr).unwrap();
    assert!(!interrupted.status.success() && why.contains("interrupted"), "{why}");
    // A part of an installation is none.
    let half = app.command().env("PAYLINK_DATABASE_URL", &url).args(["merchant", "audit"]).output().unwrap();
    let half = String::from_utf8(half.stderr).unwrap();
    assert!(half.contains("a move to this database was interrupted"), "{half}");
    let looked = app.command().env("PAYLINK_DATABASE_URL", &url).args(["doctor", "--offline"]).output().unwrap();
    assert!(String::from_utf8(looked.stdout).unwrap().contains("a move to this database was interrupted"));
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
