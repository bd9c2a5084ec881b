//! Signing in to the console: what a session allows, what ends it, and which pages it accepts.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::support::{App, Browser, asks_to_sign_in, marked, on_both_databases, order_body};

on_both_databases!(
    a_session_stands_in_for_its_key,
    a_session_obeys_no_page_but_ours,
    a_session_ends_with_its_key_and_by_signing_out,
    the_operator_signs_in_the_same_way,
    a_session_that_nobody_uses_ends_after_twelve_hours,
    a_session_ends_after_thirty_days_however_it_is_used,
    whoever_guesses_keys_is_held_up,
    what_cannot_be_noted_keeps_nobody_from_reading,
);

async fn a_session_stands_in_for_its_key(app: &mut App) {
    let nobody = app.anybody();
    assert_eq!(nobody.get("/console/session").await.with_status(200).json(), json!({"signed_in": false}));
    asks_to_sign_in(&nobody, "pk_wrong_wrong_wrong_wrong").await.problem(401, "unauthorized");

    let given = asks_to_sign_in(&nobody, &app.hello.api_key).await.with_status(200);
    let cookie = given.header("set-cookie");
    for wanted in ["paylink_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(wanted), "{wanted} is not in the cookie");
    }
    assert!(!cookie.contains("Secure"), "it would never be sent over plain http");
    let browser = Browser::signs_in(&nobody, &app.hello.api_key).await;
    let who = browser.get("/console/session").await.with_status(200).json();
    assert_eq!((&who["kind"], &who["merchant"]["id"]), (&json!("merchant"), &json!(app.hello.merchant_id)), "{who}");
    assert_eq!(who["key"]["scope"], "admin");

    let orders = browser.get("/v1/orders").await.with_status(200).json();
    assert_eq!(orders["items"][0]["id"], app.hello.order_id.as_str());
    browser.sends(Method::POST, "/v1/orders", &order_body("15001", "+12025560001")).await.with_status(201);
    let reader = app.operator().makes_a_key(&app.hello.merchant_id, "read").await;
    let reader = Browser::signs_in(&nobody, &reader).await;
    reader.get("/v1/orders").await.with_status(200);
    let order = order_body("15002", "+12025560001");
    reader.sends(Method::POST, "/v1/orders", &order).await.problem(403, "forbidden");
    reader.get("/v1/admin/jobs").await.problem(401, "unauthorized");
    let rows = app.rows().await;
    assert!(!rows.contains(browser.cookie.split_once('=').unwrap().1), "the token lies open in the database");
}

async fn a_session_obeys_no_page_but_ours(app: &mut App) {
    let browser = Browser::signs_in(&app.anybody(), &app.hello.api_key).await;
    let order = order_body("15101", "+12025560002");
    let post = || browser.request(Method::POST, "/v1/orders").json(&order);
    browser.http.ask(post()).await.problem(403, "cross_site");
    for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Origin", "null")] {
        browser.http.ask(marked(post()).header(name, value)).await.problem(403, "cross_site");
    }
    let sign_in =
        || browser.http.request(Method::POST, "/console/session").json(&json!({"api_key": app.hello.api_key}));
    browser.http.ask(sign_in()).await.problem(403, "cross_site");
    browser.http.ask(browser.request(Method::DELETE, "/console/session")).await.problem(403, "cross_site");
    assert_eq!(app.merchant().http.get("/v1/orders?q=15101").await.json()["items"], json!([]));

    let ours = marked(post()).header("Origin", &app.hello.url).header("Sec-Fetch-Site", "same-origin");
    browser.http.ask(ours).await.with_status(201);
    // A key is no cookie: no browser sends it by itself, so nothing more is asked of it.
    app.merchant().http.post("/v1/orders", &order_body("15102", "+12025560002")).await.with_status(201);
}

async fn a_session_ends_with_its_key_and_by_signing_out(app: &mut App) {
    let nobody = app.anybody();
    let first = Browser::signs_in(&nobody, &app.hello.api_key).await;
    let second = Browser::signs_in(&nobody, &app.hello.api_key).await;
    let out = first.sends(Method::DELETE, "/console/session", &json!({})).await.with_status(204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    first.get("/v1/orders").await.problem(401, "session_expired");
    assert_eq!(first.get("/console/session").await.json(), json!({"signed_in": false}));
    second.get("/v1/orders").await.with_status(200);

    // A second sign-in in the same browser leaves no session behind.
    let again = marked(second.request(Method::POST, "/console/session")).json(&json!({"api_key": app.hello.api_key}));
    nobody.ask(again).await.with_status(200);
    second.get("/v1/orders").await.problem(401, "session_expired");
}

async fn the_operator_signs_in_the_same_way(app: &mut App) {
    let operator = Browser::signs_in(&app.anybody(), &app.hello.operator_key).await;
    assert_eq!(operator.get("/console/session").await.json()["kind"], "operator");
    operator.get("/v1/admin/jobs").await.with_status(200);
    operator.get("/v1/orders").await.problem(401, "unauthorized");
    let path = format!("/v1/admin/merchants/{}/credits", app.hello.merchant_id);
    operator
        .http
        .ask(operator.request(Method::POST, &path).json(&json!({"credits": 5})))
        .await
        .problem(403, "cross_site");
    operator.sends(Method::POST, &path, &json!({"credits": 5})).await.with_status(201);
    assert_eq!(app.merchant().credits().await, (105, 0));
    app.stops();
    app.starts_again().await;
    operator.get("/v1/admin/jobs").await.with_status(200);
}

async fn a_session_that_nobody_uses_ends_after_twelve_hours(app: &mut App) {
    let browser = Browser::signs_in(&app.anybody(), &app.hello.api_key).await;
    for _ in 0..2 {
        app.turns_its_clock(TimeDelta::hours(11));
        browser.get("/v1/orders").await.with_status(200);
    }
    app.turns_its_clock(TimeDelta::hours(12));
    browser.get("/v1/orders").await.problem(401, "session_expired");
    assert_eq!(browser.get("/console/session").await.json()["signed_in"], false);
}

async fn a_session_ends_after_thirty_days_however_it_is_used(app: &mut App) {
    let browser = Browser::signs_in(&app.anybody(), &app.hello.api_key).await;
    for _ in 0..71 {
        app.turns_its_clock(TimeDelta::hours(10));
        browser.get("/v1/orders").await.with_status(200);
    }
    app.turns_its_clock(TimeDelta::hours(10));
    browser.get("/v1/orders").await.problem(401, "session_expired");
}

async fn whoever_guesses_keys_is_held_up(app: &mut App) {
    let nobody = app.anybody();
    for _ in 0..60 {
        let answer = asks_to_sign_in(&nobody, "pk_guess_guess_guess_guess").await;
        if answer.status == 429 {
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=3).contains(&wait), "{wait}");
            answer.problem(429, "too_many_requests");
            return;
        }
        answer.problem(401, "unauthorized");
    }
    panic!("sixty guesses were taken");
}

/// As on a disk that is full for a moment: the key's last use is no reason to refuse a look.
async fn what_cannot_be_noted_keeps_nobody_from_reading(app: &mut App) {
    let merchant = app.merchant();
    let reader = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "read").await).http;
    let refused = if app.database_url().starts_with("sqlite") {
        "CREATE TRIGGER no_notes BEFORE UPDATE OF last_used_at ON api_key BEGIN SELECT RAISE(ABORT, 'no room'); END"
    } else {
        "ALTER TABLE api_key ADD CONSTRAINT no_notes CHECK (last_used_at IS NULL) NOT VALID"
    };
    app.rows_are_changed(refused).await;

    let order = format!("/v1/orders/{}", app.hello.order_id);
    assert_eq!(reader.get(&order).await.with_status(200).json()["number"], "1001");

    let keys = merchant.http.get("/v1/api-keys").await.with_status(200).json();
    assert!(keys["items"][0].get("last_used_at").is_none(), "{keys}");
}
