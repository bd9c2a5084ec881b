//! `paylink doctor`: warns of problems before they happen, and says what to change.

use std::{
    io::{Read, Write, copy},
    net::{TcpListener, TcpStream},
    process::Output,
    thread,
};

use serde_json::Value;

use crate::support::{
    App, Database, OwnPostgres, OwnRedis, WrongClock, command, eventually, free_port, fresh_postgresql,
    on_both_databases,
};

on_both_databases!(a_running_installation_is_well);

/// The checks of this name: how they stand, what was found and what is to be changed.
fn checks<'a>(report: &'a Value, name: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let checks = report["checks"].as_array().unwrap().iter().filter(|check| check["name"] == name);
    let text = |value: &'a Value| value.as_str().unwrap_or_default();
    checks.map(|check| (text(&check["status"]), text(&check["found"]), text(&check["change"]))).collect()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

async fn a_running_installation_is_well(app: &mut App) {
    app.will_have("PAYLINK_PUBLIC_URL", &app.hello.url.clone());
    let looked = app.runs(&["doctor", "--offline", "--json"]);
    let found = report(&looked);
    assert!(looked.status.success(), "{found:#}");
    assert_eq!((&found["ok"], &found["failed"]), (&Value::Bool(true), &Value::from(0)));
    for name in
        ["listen", "settings", "secret_key", "database", "schema", "database writes", "redis", "store", "public_url"]
    {
        assert_eq!(checks(&found, name)[0].0, "ok", "{name}: {found:#}");
    }
    let told = app.says(&["doctor", "--offline"]);
    let several = if found["warnings"] == 1 { "" } else { "s" };
    assert!(told.ends_with(&format!("\n0 failed, {} warning{several}\n", found["warnings"])), "{told}");

    let mut asks = app.command();
    for (name, service) in [("PAYLINK_STRIPE_API_BASE", "stripe"), ("PAYLINK_SMS_API_BASE", "sms")] {
        asks.env(name, format!("{}/{service}", app.hello.sandbox_url));
    }
    let asked = report(&asks.args(["doctor", "--json"]).output().unwrap());
    for service in ["stripe", "carrier"] {
        assert!(matches!(checks(&asked, service)[..], [("ok", ..)]), "{service}: {asked:#}");
    }
    for (key, status) in [("sk_test_stranger", "failed"), ("sk_test_paylink_demo_sandbox", "ok")] {
        let asked = report(&asks.env("PAYLINK_CREDIT_SALES__STRIPE_KEY", key).output().unwrap());
        assert_eq!(checks(&asked, "credit_sales.stripe_key")[0].0, status, "{asked:#}");
    }
    let mut nobody = app.command();
    nobody.args(["doctor", "--json"]).env("PAYLINK_CREDIT_SALES__STRIPE_KEY", "sk_test_paylink_demo_sandbox");
    nobody.envs([("PAYLINK_STRIPE_API_BASE", "http://127.0.0.1:1"), ("PAYLINK_SMS_API_BASE", "http://127.0.0.1:1")]);
    let unanswered = nobody.output().unwrap();
    assert_eq!(unanswered.status.code(), Some(1));
    let unanswered = report(&unanswered);
    for name in ["stripe", "carrier", "credit_sales.stripe_key"] {
        let (status, _, change) = checks(&unanswered, name)[0];
        assert!(status == "failed" && !change.is_empty(), "{name}: {unanswered:#}");
    }
    let clock = WrongClock::by("+1h");
    let asked = report(&asks.envs(clock.environment()).output().unwrap());
    for service in ["stripe", "carrier"] {
        assert!(
            checks(&asked, service)
                .iter()
                .any(|(status, found, _)| *status == "warning" && found.contains("clock is 3")),
            "{service}: {asked:#}"
        );
    }
    let is_told = |(status, found, _): &(&str, &str, &str)| {
        *status == "warning" && found.contains("clock is 3") && found.contains(" s off")
    };
    assert!(checks(&asked, "redis").iter().any(is_told), "{asked:#}");
    if app.database_url().starts_with("postgres") {
        let (status, found, _) = checks(&asked, "clock")[0];
        assert!(status == "warning" && found.contains("off the database's"), "{asked:#}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_to_change() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let redis = OwnRedis::start().await;
    assert_eq!(redis.says("CONFIG SET maxmemory 100mb"), "OK");
    assert_eq!(redis.says("CONFIG SET maxmemory-policy allkeys-lru"), "OK");
    let look = |more: &[(&str, &str)]| {
        let mut command = command(&database, place.path(), free_port());
        command
            .args(["doctor", "--json", "--offline", "--replicas", "api=20,worker=20"])
            .env("PAYLINK_REDIS_URL", format!("redis://127.0.0.1:{}", redis.port))
            .env("PAYLINK_SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            .env("PAYLINK_PUBLIC_URL", "https://pay.invalid")
            .env("PAYLINK_STORE_URL", "file:///proc/nowhere")
            .envs(more.iter().copied());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        report(&output)
    };
    let found = look(&[]);
    assert!(checks(&found, "schema")[0].2.contains("paylink migrate"), "{found:#}");
    assert_eq!(checks(&found, "store")[0].0, "failed", "{found:#}");
    let public_url = checks(&found, "public_url")[0];
    assert!(public_url.0 == "failed" && public_url.2.contains("DNS"), "{found:#}");
    assert!(checks(&found, "trusted_proxies")[0].2.contains("PAYLINK_TRUSTED_PROXIES"), "{found:#}");
    assert!(
        checks(&found, "redis").iter().any(|(status, found, change)| *status == "warning"
            && found.contains("allkeys-lru")
            && change.contains("noeviction")),
        "{found:#}"
    );

    assert!(command(&database, place.path(), 0).arg("migrate").status().unwrap().success());
    let found = look(&[]);
    let connections = checks(&found, "connections")[0];
    assert!(connections.0 == "failed" && connections.1.contains("600"), "20 × 14 + 20 × 16: {found:#}");
    let (taken, bucket) = (format!("127.0.0.1:{}", redis.port), refuses_every_key());
    let found = look(&[
        ("PAYLINK_REDIS_URL", "redis://127.0.0.1:1"),
        ("PAYLINK_METRICS_LISTEN", &taken),
        ("PAYLINK_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("PAYLINK_BACKUP_KEY", "short"),
        ("PAYLINK_STORE_URL", "s3://invoices"),
        ("AWS_ENDPOINT", &bucket),
        ("AWS_ACCESS_KEY_ID", "stranger"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    for (name, status, told) in [
        ("redis", "failed", "cannot be used"),
        ("metrics_listen", "failed", "cannot be listened on"),
        ("otlp_endpoint", "warning", "cannot be reached"),
        ("backup_key", "failed", "32 bytes"),
        ("store", "failed", "InvalidAccessKeyId"),
        ("store", "warning", "clock"),
    ] {
        let is_told = |check: &(&str, &str, &str)| check.0 == status && check.1.contains(told) && !check.2.is_empty();
        assert!(checks(&found, name).iter().any(is_told), "{name}: {found:#}");
    }
    assert_eq!(redis.says("CONFIG SET maxmemory-policy noeviction"), "OK");
    assert_eq!(redis.says("CONFIG SET maxmemory 1"), "OK");
    let found = look(&[]);
    let full = checks(&found, "redis").into_iter().filter(|(status, ..)| *status == "failed").collect::<Vec<_>>();
    assert!(
        matches!(full.as_slice(), [(_, _, change)] if change.contains("maxmemory")),
        "once, and not as a matter of rights: {found:#}"
    );
    assert_eq!(redis.says("CONFIG SET maxmemory 0"), "OK");
    assert_eq!(redis.says("REPLICAOF 127.0.0.1 1"), "OK");
    let found = look(&[]);
    let replica = checks(&found, "redis").into_iter().filter(|(status, ..)| *status == "failed").collect::<Vec<_>>();
    assert!(matches!(replica.as_slice(), [(_, _, change)] if change.contains("primary")), "{found:#}");
    let found = look(&[("PAYLINK_DATABSE_URL", "x")]);
    assert!(checks(&found, "settings")[0].1.contains("did you mean PAYLINK_DATABASE_URL"), "{found:#}");
}

/// What stops a role at its start, or would be noticed by a buyer.
#[tokio::test]
async fn a_wrong_password_of_the_database_is_said_with_its_reason() {
    let (server, place) = (OwnPostgres::of_its_own(), tempfile::tempdir().unwrap());
    let url = server.fresh_database().await;
    server.asks_for_the_password_of("keeper", "the-one-4711").await;
    let looked = async |password: &str| {
        let url = url.replacen("paylink@", &format!("keeper:{password}@"), 1);
        let mut command = command(&Database::Postgresql { url }, place.path(), free_port());
        let output = command.args(["doctor", "--json", "--offline"]).output().unwrap();
        let told = format!("{output:?}");
        assert!(!told.contains(password), "it is told on: {told}");
        report(&output)
    };
    // The server reads its rules a moment later.
    let found = eventually("the wrong one is refused", async || {
        let found = looked("not-the-one-4711").await;
        let is_refused = checks(&found, "database")[0].0 == "failed";
        is_refused.then_some(found)
    })
    .await;
    let (_, why, change) = checks(&found, "database")[0];
    assert!(why.contains("password authentication failed"), "{found:#}");
    assert!(change.contains("password in PAYLINK_DATABASE_URL"), "{found:#}");
    assert_eq!(checks(&looked("the-one-4711").await, "database")[0].0, "ok");
}

#[tokio::test]
async fn doctor_refuses_what_the_roles_refuse() {
    let mut app = App::start_apart(Database::sqlite()).await;
    assert!(app.stops().success());
    let refused = [
        ("PAYLINK_SECRET_KEY", "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=", "does not open"),
        ("PAYLINK_SCHEDULER__TIME_ZONE", "Mars", "time zone"),
        ("PAYLINK_SCHEDULER__PURGE", "0 * * * *", "cron expression"),
        ("PAYLINK_SCHEDULER__PURGE", "0 0 0 30 2 *", "never comes"),
        ("PAYLINK_JOB_RETENTION_DAYS", "9223372036854775807", "job_retention_days"),
        ("PAYLINK_PUBLIC_URL", "https://", "public_url"),
        ("PAYLINK_PUBLIC_URL", "https://pay.example.com/?a=b", "no query"),
        ("PAYLINK_PUBLIC_URL", "https://pay.example.com/#top", "no fragment"),
        ("PAYLINK_PUBLIC_URL", "https://user:word@pay.example.com", "no user"),
    ];
    for (name, value, why) in refused {
        let run = |arguments: &[&str]| app.command().env(name, value).args(arguments).output().unwrap();
        let looked = run(&["doctor", "--offline"]);
        let told = String::from_utf8(looked.stdout).unwrap();
        assert!(!looked.status.success() && told.contains(why), "{name}={value}: {told}");
        let role = run(&["scheduler", "--once"]);
        let told = String::from_utf8(role.stderr).unwrap();
        assert!(!role.status.success() && told.contains(why), "{name}={value}: {told}");
        assert!(!told.contains("panicked"), "{told}");
    }
    app.starts_again().await;
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_told_of() {
    let mut app = App::start_apart(Database::sqlite()).await;
    let direct = app.anybody().get("/healthz").await.with_status(200);
    assert!(direct.headers.get("paylink-proxy").is_none(), "nobody says for whom they ask");
    app.will_have("PAYLINK_PUBLIC_URL", &starts_a_proxy(&app.hello.url));
    let look = |app: &App| {
        let looked = app.runs(&["doctor", "--offline", "--json"]);
        assert!(looked.status.success(), "{looked:?}");
        report(&looked)
    };
    let found = look(&app);
    let is_told = |(status, found, change): &(&str, &str, &str)| {
        *status == "warning" && found.contains("is not believed") && change.contains("PAYLINK_TRUSTED_PROXIES")
    };
    assert!(checks(&found, "trusted_proxies").iter().any(is_told), "{found:#}");
    assert!(app.log().contains("PAYLINK_TRUSTED_PROXIES=127.0.0.1"), "the log says which: {}", app.log());

    app.will_have("PAYLINK_TRUSTED_PROXIES", "127.0.0.1");
    app.is_started_anew().await;
    let found = look(&app);
    assert!(checks(&found, "trusted_proxies").iter().all(|(status, _, _)| *status == "ok"), "{found:#}");
}

/// A store that speaks S3, knows no key and lives in another year: where it is.
fn refuses_every_key() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4_096]);
            let why = "<Error><Code>InvalidAccessKeyId</Code></Error>";
            let head = "HTTP/1.1 403 Forbidden\r\nDate: Sat, 01 Jan 2022 00:00:00 GMT\r\nConnection: close";
            let _ = write!(client, "{head}\r\nContent-Length: {}\r\n\r\n{why}", why.len());
        }
    });
    format!("http://{address}")
}

/// A proxy before this address that says for whom it asks, as proxies do: where it is.
fn starts_a_proxy(url: &str) -> String {
    let behind = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read == 1) {
                head.extend(byte);
            }
            let head = String::from_utf8_lossy(&head);
            let Ok(mut server) = TcpStream::connect(&behind) else { continue };
            let said = head.replace("\r\n\r\n", "\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n");
            let _ = server.write_all(said.as_bytes()).and_then(|()| copy(&mut server, &mut client));
        }
    });
    format!("http://{address}")
}
