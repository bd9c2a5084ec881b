//! Operators: what ends with their keys, their names, and how often keys can be guessed.

use std::process::Output;

use reqwest::Method;
use serde_json::json;

use crate::support::{
    App, Browser, Database, Http, asks_to_sign_in, command, eventually, free_port, marked, on_both_databases,
};

on_both_databases!(
    an_operators_session_ends_with_the_key_that_it_was_given_for,
    guesses_are_slowed_and_whoever_has_a_key_is_not,
    operators_have_names_and_can_end_each_others_sessions,
    a_merchant_ends_sessions_one_by_one,
    an_operator_revokes_any_key,
);

const NEW_KEY: &str = "op_Z0FzV2hvS25vd3NXaGF0VGhpc0lzQUI";
const ALICE: &str = "op_YWxpY2UgaGFzIGEga2V5IG9mIGhlcg";
const BOB: &str = "op_Ym9iIGhhcyBhIGtleSBvZiBoaXMgb3";

async fn asks_with_cookie(http: &Http, path: &str, cookie: &str) -> u16 {
    http.ask(http.request(Method::GET, path).header("Cookie", cookie)).await.status
}

async fn an_operators_session_ends_with_the_key_that_it_was_given_for(app: &mut App) {
    let nobody = app.anybody();
    let old_key = app.hello.operator_key.clone();
    let operator = Browser::signs_in(&nobody, &old_key).await;
    let merchant = Browser::signs_in(&nobody, &app.hello.api_key).await;
    operator.get("/v1/admin/jobs").await.with_status(200);

    app.starts_again_with(&[("PAYLINK_OPERATOR_KEY", NEW_KEY)]).await;
    app.hush(NEW_KEY);
    operator.get("/v1/admin/jobs").await.problem(401, "session_expired");
    assert_eq!(operator.get("/console/session").await.json(), json!({"signed_in": false}));
    // Nor by any token that could be made of what was known before: not as an operator, not as a merchant.
    for key in [&old_key, NEW_KEY] {
        let cookie = format!("{}{key}", operator.cookie);
        for path in ["/v1/admin/jobs", "/v1/orders"] {
            assert_eq!(asks_with_cookie(&nobody, path, &cookie).await, 401, "{path}");
        }
    }
    asks_to_sign_in(&nobody, &old_key).await.problem(401, "unauthorized");
    nobody.with_key(&old_key).get("/v1/admin/jobs").await.problem(401, "unauthorized");
    merchant.get("/v1/orders").await.with_status(200);

    // With the old key in the settings again it is the old session that goes on, and the new one that is over.
    let newer = Browser::signs_in(&nobody, NEW_KEY).await;
    newer.get("/v1/admin/jobs").await.with_status(200);
    app.starts_again_with(&[("PAYLINK_OPERATOR_KEYS", &format!("alice={old_key}"))]).await;
    newer.get("/v1/admin/jobs").await.problem(401, "session_expired");
    operator.get("/v1/admin/jobs").await.with_status(200);
}

async fn guesses_are_slowed_and_whoever_has_a_key_is_not(app: &mut App) {
    let nobody = app.anybody();
    let guess = nobody.with_key("pk_guess_guess_guess_guess_guess_guess");
    let mut guesses = 0;
    let refused = loop {
        let path = ["/v1/orders", "/v1/admin/jobs"][guesses % 2];
        let answer = guess.get(path).await;
        guesses += 1;
        if answer.status == 429 {
            break answer;
        }
        assert!(guesses < 60, "sixty guesses were taken");
        answer.problem(401, "unauthorized");
    };
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    refused.problem(429, "too_many_requests");

    // The same address with keys that are keys, of the right kind and of the wrong one, again and again.
    for _ in 0..30 {
        app.merchant().http.get("/v1/orders").await.with_status(200);
        app.operator().0.get("/v1/admin/jobs").await.with_status(200);
        app.operator().0.get("/v1/orders").await.problem(401, "unauthorized");
        app.merchant().http.get("/v1/admin/jobs").await.problem(401, "unauthorized");
        nobody.get("/v1/orders").await.problem(401, "unauthorized");
        asks_to_sign_in(&nobody, &app.hello.api_key).await.with_status(200);
    }
    // Guesses at one address count at the others.
    let tries = async || {
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(asks_to_sign_in(&nobody, "pk_guess_guess_guess_guess").await.status);
        }
        statuses
    };
    assert!(tries().await.contains(&429));
    let log = app.log();
    assert!(log.contains("a caller was refused") && log.contains("signing in was refused"), "nobody is told of it");
    assert!(log.contains("127.0.0.1"), "nobody is told whence it came");
}

async fn operators_have_names_and_can_end_each_others_sessions(app: &mut App) {
    app.starts_again_with(&[("PAYLINK_OPERATOR_KEYS", &format!("alice={ALICE}, bob={BOB}"))]).await;
    for key in [ALICE, BOB] {
        app.hush(key);
    }
    let nobody = app.anybody();
    let alice = nobody.with_key(ALICE);
    let made = alice.post("/v1/admin/merchants", &json!({"name": "A Florist"})).await.with_status(201).json();
    let pause = json!({"merchant_id": made["id"], "reason": "a test"});
    nobody.with_key(BOB).post("/v1/admin/jobs/pause", &pause).await.with_status(200);
    let entries = alice.whole_list("/v1/admin/audit-log", 100).await;
    let by = |action: &str| entries.iter().find(|entry| entry["action"] == action).unwrap()["actor"].clone();
    assert_eq!((by("merchant.create"), by("job.pause")), (json!("operator:alice"), json!("operator:bob")));
    let bobs = alice.get("/v1/admin/audit-log?actor=operator:bob").await.with_status(200).json();
    assert!(bobs["items"].as_array().unwrap().iter().all(|entry| entry["actor"] == "operator:bob"));

    let bob = Browser::signs_in(&nobody, BOB).await;
    let who = bob.get("/console/session").await.with_status(200).json();
    assert_eq!((&who["kind"], &who["name"]), (&json!("operator"), &json!("bob")));
    let sessions = alice.whole_list("/v1/admin/sessions", 100).await;
    let [session] = sessions.as_slice() else { panic!("{sessions:?}") };
    assert_eq!((&session["operator"], &session["address"]), (&json!("bob"), &json!("127.0.0.1")));
    let mine = bob.get("/v1/admin/sessions").await.with_status(200).json();
    assert_eq!(mine["items"][0]["current"], true);

    let path = format!("/v1/admin/sessions/{}", session["id"].as_str().unwrap());
    alice.ask(alice.request(Method::DELETE, &path)).await.with_status(204);
    alice.ask(alice.request(Method::DELETE, &path)).await.problem(404, "not_found");
    bob.get("/v1/admin/jobs").await.problem(401, "session_expired");
    let ended = alice.get(&format!("/v1/admin/audit-log?subject={}", session["id"].as_str().unwrap())).await.json();
    let acts: Vec<_> =
        ended["items"].as_array().unwrap().iter().map(|entry| (&entry["actor"], &entry["action"])).collect();
    assert_eq!(
        acts,
        [(&json!("operator:alice"), &json!("session.end")), (&json!("operator:bob"), &json!("session.begin"))]
    );
    let log = app.log();
    assert!(log.contains("signed in") && log.contains("operator:bob"), "nobody is told that bob came");
}

async fn a_merchant_ends_sessions_one_by_one(app: &mut App) {
    let (nobody, merchant) = (app.anybody(), app.merchant());
    let reader = app.operator().makes_a_key(&merchant.id, "read").await;
    let first = Browser::signs_in(&nobody, &app.hello.api_key).await;
    let second = Browser::signs_in(&nobody, &reader).await;
    let stranger = app.operator().makes_a_merchant("A Florist").await;

    let mut sessions = Vec::new();
    for limit in [1, 2, 100] {
        sessions = merchant.http.whole_list("/v1/console-sessions", limit).await;
        assert_eq!(sessions.len(), 2, "by {limit}: {sessions:?}");
    }
    // Newest first.
    let id = sessions[0]["id"].as_str().unwrap();
    let seen = first.get("/v1/console-sessions").await.with_status(200).json();
    assert_eq!((&seen["items"][0]["current"], &seen["items"][1]["current"]), (&json!(false), &json!(true)));
    second.get("/v1/console-sessions").await.problem(403, "forbidden");
    assert!(stranger.http.whole_list("/v1/console-sessions", 100).await.is_empty());
    let path = format!("/v1/console-sessions/{id}");
    stranger.http.ask(stranger.http.request(Method::DELETE, &path)).await.problem(404, "not_found");
    app.operator()
        .0
        .ask(app.operator().0.request(Method::DELETE, &format!("/v1/admin/sessions/{id}")))
        .await
        .problem(404, "not_found");
    second.get("/v1/orders").await.with_status(200);

    first.sends(Method::DELETE, &path, &json!({})).await.with_status(204);
    second.get("/v1/orders").await.problem(401, "session_expired");
    first.get("/v1/orders").await.with_status(200);
    let operators_view = app.operator().0.get(&format!("/v1/admin/sessions?merchant_id={}", merchant.id)).await;
    assert_eq!(operators_view.with_status(200).json()["items"].as_array().unwrap().len(), 1);
}

async fn an_operator_revokes_any_key(app: &mut App) {
    let (operator, merchant) = (app.operator().0, app.merchant());
    let browser = Browser::signs_in(&app.anybody(), &app.hello.api_key).await;
    let keys = format!("/v1/admin/merchants/{}/keys", merchant.id);
    let listed = operator.get(&keys).await.with_status(200).json();
    let last = &listed["items"][0];
    assert_eq!(last["scope"], "admin");
    assert!(!listed.to_string().contains(&app.hello.api_key), "a key is shown");
    let id = last["id"].as_str().unwrap();
    let own = merchant.http.request(Method::DELETE, &format!("/v1/api-keys/{id}"));
    merchant.http.ask(own).await.problem(409, "last_admin_key");

    let stranger = app.operator().makes_a_merchant("A Florist").await;
    let elsewhere = format!("/v1/admin/merchants/{}/keys/{id}", stranger.id);
    operator.ask(operator.request(Method::DELETE, &elsewhere)).await.problem(404, "not_found");
    merchant.http.get("/v1/orders").await.with_status(200);
    let path = format!("{keys}/{id}");
    operator.ask(operator.request(Method::DELETE, &path)).await.with_status(204);
    operator.ask(operator.request(Method::DELETE, &path)).await.problem(404, "not_found");
    merchant.http.get("/v1/orders").await.problem(401, "unauthorized");
    browser.get("/v1/orders").await.problem(401, "session_expired");
    let log = app.log();
    assert!(log.contains("key.revoke") && log.contains(id), "nobody is told of it");
}

fn tries_to_start(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&Database::sqlite(), folder.path(), free_port());
    command.env("PAYLINK_PUBLIC_URL", "https://pay.example.com");
    command.envs(environment.iter().copied()).args(arguments).output().unwrap()
}

#[tokio::test]
async fn a_key_that_could_be_guessed_is_refused_at_the_start() {
    let named = format!("alice={ALICE},bob=short");
    for (name, value, setting) in [
        ("PAYLINK_OPERATOR_KEY", "correct horse battery staple", "operator_key"),
        ("PAYLINK_OPERATOR_KEYS", &named, "operator_keys"),
        ("PAYLINK_OPERATOR_KEYS", BOB, "operator_keys"),
    ] {
        let refused = tries_to_start(&[(name, value)], &["up"]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(setting), "{said}");
        assert!(!said.contains(value) && !said.contains("short") && !said.contains(ALICE), "it prints the key");
    }
    // What makes a better one works with a bad one, and what it makes is good.
    let generated = tries_to_start(&[("PAYLINK_OPERATOR_KEY", "short")], &["secrets", "generate"]);
    let generated = String::from_utf8(generated.stdout).unwrap();
    assert!(generated.trim().len() >= 32);
    let app = App::start_with(Database::sqlite(), &[("PAYLINK_OPERATOR_KEY", generated.trim().to_owned())]).await;
    assert_eq!(app.hello.operator_key, generated.trim());
    app.operator().0.get("/v1/admin/jobs").await.with_status(200);
}

#[tokio::test]
async fn behind_tls_only_the_cookie_of_this_very_host_is_read() {
    let app = App::start(Database::sqlite()).await;
    let port = free_port();
    let mut process = app.command();
    process.env("PAYLINK_LISTEN", format!("127.0.0.1:{port}")).env("PAYLINK_PUBLIC_URL", "https://pay.example.com");
    let mut process = process.arg("api").spawn().unwrap();
    let http = app.at_port(port);
    eventually("it listens", async || http.try_ask(http.request(Method::GET, "/healthz")).await.ok().map(|_| ())).await;
    let browser = Browser::signs_in(&http, &app.hello.api_key).await;
    let (name, token) = browser.cookie.split_once('=').unwrap();
    assert_eq!(name, "__Host-paylink_session");
    let plain = format!("paylink_session={token}");
    let answers = [
        asks_with_cookie(&http, "/v1/orders", &browser.cookie).await,
        asks_with_cookie(&http, "/v1/orders", &plain).await,
        asks_with_cookie(&app.anybody(), "/v1/orders", &plain).await,
        asks_with_cookie(&app.anybody(), "/v1/orders", &browser.cookie).await,
    ];
    let signs_out = marked(http.request(Method::DELETE, "/console/session")).header("Cookie", &plain);
    http.ask(signs_out).await.with_status(204);
    let after = asks_with_cookie(&http, "/v1/orders", &browser.cookie).await;
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!((answers, after), ([200, 401, 200, 401], 200));
}
