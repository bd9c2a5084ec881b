//! Missing or misspelt settings are refused, with what to do.

use std::process::Command;

use tempfile::TempDir;

use crate::support::{Database, S3, command, free_port, fresh_postgresql};

const SECRET_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn place() -> TempDir {
    tempfile::Builder::new().prefix("paylink-").tempdir().unwrap()
}

/// Runs it to its end, which is a refusal: why.
fn is_refused(command: &mut Command) -> String {
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}

/// A role as an operator starts it who has forgotten what is not among these variables.
async fn role(place: &TempDir, role: &str, variables: &[(&str, String)]) -> Command {
    let database = Database::Postgresql { url: fresh_postgresql().await };
    assert!(command(&database, place.path(), 0).arg("migrate").status().unwrap().success());
    let mut command = command(&database, place.path(), free_port());
    command
        .arg(role)
        .env("PAYLINK_REDIS_URL", "redis://127.0.0.1:1")
        .env("PAYLINK_SECRET_KEY", SECRET_KEY)
        .envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

fn public_url() -> (&'static str, String) {
    ("PAYLINK_PUBLIC_URL", "https://pay.example.com".to_owned())
}

#[test]
fn what_is_no_setting_is_refused_with_the_nearest_name() {
    let place = place();
    let mut mistyped = command(&Database::sqlite(), place.path(), 0);
    let why = is_refused(mistyped.args(["merchant", "list"]).env("PAYLINK_REDIS_ULR", "redis://127.0.0.1"));
    assert!(why.contains("there is no setting PAYLINK_REDIS_ULR; did you mean PAYLINK_REDIS_URL?"), "{why}");
    let why = is_refused(command(&Database::sqlite(), place.path(), 0).args([
        "--config",
        "nowhere.toml",
        "merchant",
        "list",
    ]));
    assert!(why.contains("nowhere.toml"), "{why}");
}

#[test]
fn a_database_that_takes_no_connections_is_said_to_refuse_them() {
    let place = place();
    let away = Database::Postgresql { url: format!("postgres://paylink@127.0.0.1:{}/paylink", free_port()) };
    let why = is_refused(command(&away, place.path(), 0).args(["merchant", "list"]));
    assert!(why.contains("refused") && !why.contains("timed out"), "{why}");
}

#[tokio::test]
async fn roles_apart_do_not_guess_where_their_documents_are_nor_their_rows() {
    let place = place();
    for name in ["api", "worker"] {
        let why = is_refused(&mut role(&place, name, &[public_url()]).await);
        assert!(why.contains("store_url: is not set") && why.contains("PAYLINK_STORE_URL"), "{why}");
    }
    let mut without_database = role(&place, "scheduler", &[]).await;
    let why = is_refused(without_database.env_remove("PAYLINK_DATABASE_URL"));
    assert!(why.contains("database_url: is not set"), "{why}");
    assert!(!place.path().join("paylink.db").exists(), "it made an empty one");
}

#[tokio::test]
async fn without_a_public_url_nothing_starts_but_a_demo() {
    let place = place();
    let store = ("PAYLINK_STORE_URL", format!("file://{}/store", place.path().display()));
    for name in ["api", "worker", "up"] {
        let why = is_refused(&mut role(&place, name, std::slice::from_ref(&store)).await);
        assert!(why.contains("public_url: is not set"), "{name}: {why}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_refused() {
    let (place, s3) = (place(), S3::start().await);
    let mut variables = s3.environment();
    variables.push(public_url());
    let missing = "s3://paylink-invoces/prod";
    let why = is_refused(role(&place, "api", &variables).await.env("PAYLINK_STORE_URL", missing));
    assert!(why.contains("store_url: there is no such bucket"), "{why}");
    let looked = role(&place, "doctor", &variables).await.arg("--offline").env("PAYLINK_STORE_URL", missing).output();
    let told = String::from_utf8(looked.unwrap().stdout).unwrap();
    assert!(told.contains("store: store_url: there is no such bucket"), "{told}");
}
