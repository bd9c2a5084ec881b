//! Keys of people: what each may do, until when, how it is handed over, and who did what.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Browser, asks_to_sign_in, on_both_databases, order_body};

on_both_databases!(
    whoever_may_send_sends_and_changes_nothing_else,
    a_key_that_ends_by_itself_opens_nothing_any_more,
    an_invitation_is_used_up_by_whoever_accepts_it_and_not_by_a_look,
    an_invitation_that_was_taken_back_or_is_too_old_opens_nothing,
    an_invitation_ends_with_the_key_that_it_was_made_with,
    a_merchant_has_two_hundred_keys_and_no_more,
    what_was_done_says_by_whom,
);

async fn whoever_may_send_sends_and_changes_nothing_else(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("48001").await;
    let link = merchant.makes_a_link(&order).await;
    let sender = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "send").await);

    let message = sender.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    assert_eq!(sender.link(&link.id).await["status"], "unpaid");
    sender.voids(&link).await.problem(403, "forbidden");
    sender.http.post("/v1/orders", &order_body("48002", "+12025560048")).await.problem(403, "forbidden");
    let conversation = merchant.conversation_with(&order.phone).await;
    let path = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    sender.http.post(&path, &json!({"body": "Hello"})).await.problem(403, "forbidden");
    sender.http.get("/v1/api-keys").await.problem(403, "forbidden");
    let people = sender.http.whole_list("/v1/people", 100).await;
    assert!(people.iter().any(|person| person["name"] == "demo"), "{people:?}");
}

async fn a_key_that_ends_by_itself_opens_nothing_any_more(app: &mut App) {
    let merchant = app.merchant();
    let past = json!({"name": "Temp", "scope": "read", "expires_at": "2020-01-01T00:00:00Z"});
    let refused = merchant.http.post("/v1/api-keys", &past).await.problem(422, "invalid_input");
    assert_eq!(refused["errors"][0]["field"], "expires_at");
    let ends = (Utc::now() + TimeDelta::hours(2)).to_rfc3339();
    let wanted = json!({"name": "Temp", "scope": "write", "expires_at": ends});
    let made = merchant.http.post("/v1/api-keys", &wanted).await.with_status(201).json();
    assert!(made["expires_at"].is_string(), "{made}");
    let key = made["key"].as_str().unwrap();
    app.hush(key);
    let temp = merchant.with_key(key);
    temp.http.get("/v1/orders").await.with_status(200);
    let browser = Browser::signs_in(&app.anybody(), key).await;
    browser.get("/v1/orders").await.with_status(200);

    app.turns_its_clock(TimeDelta::hours(3));
    temp.http.get("/v1/orders").await.problem(401, "unauthorized");
    browser.get("/v1/orders").await.problem(401, "session_expired");
    asks_to_sign_in(&app.anybody(), key).await.problem(401, "unauthorized");
}

async fn an_invitation_is_used_up_by_whoever_accepts_it_and_not_by_a_look(app: &mut App) {
    let (merchant, nobody) = (app.merchant(), app.anybody());
    let wanted = json!({"name": "Front desk", "scope": "send", "invite": true});
    let invited = merchant.http.post("/v1/api-keys", &wanted).await.with_status(201).json();
    assert!(invited.get("key").is_none() && invited["last_four"] == "", "{invited}");
    let until: DateTime<Utc> = invited["invited_until"].as_str().unwrap().parse().unwrap();
    assert!((6..=7).contains(&(until - Utc::now()).num_days()), "{until}");
    let url = invited["invitation_url"].as_str().unwrap();
    let token = url.rsplit('/').next().unwrap();
    app.hush(token);
    assert!(!app.rows().await.contains(token), "the token lies open in the database");
    // It is no key.
    nobody.with_key(token).get("/v1/orders").await.problem(401, "unauthorized");

    for _ in 0..3 {
        let page = nobody.get(url).await.with_status(200).text();
        assert!(page.contains("Front desk") && page.contains("Show my key") && !page.contains("pk_"), "{page}");
    }
    let german = nobody.request(Method::GET, url).header("Accept-Language", "de-AT, en;q=0.5");
    let page = nobody.ask(german).await.with_status(200).text();
    assert!(page.contains("<html lang=\"de\"") && page.contains("Meinen Schlüssel zeigen"), "{page}");
    let accept = async || nobody.ask(nobody.request(Method::POST, url)).await;
    let (one, other) = tokio::join!(accept(), accept());
    assert_eq!([one.status, other.status].iter().filter(|status| **status == 200).count(), 1, "once");
    let shown = [one, other].into_iter().find(|answer| answer.status == 200).unwrap();
    assert_eq!(shown.header("cache-control"), "no-store");
    let key = new_key_on(&shown.text());
    app.hush(&key);
    assert_eq!(accept().await.status, 404);
    nobody.get(url).await.with_status(404);
    let colleague = merchant.with_key(&key);
    colleague.http.get("/v1/orders").await.with_status(200);
    let keys = merchant.http.whole_list("/v1/api-keys", 100).await;
    let theirs = keys.iter().find(|it| it["id"] == invited["id"]).unwrap();
    assert!(theirs.get("invited_until").is_none() && theirs["last_four"] == key[key.len() - 4..], "{theirs}");
    let path = format!("/v1/audit-log?subject={}", invited["id"].as_str().unwrap());
    let acts = merchant.http.whole_list(&path, 100).await;
    let acts: Vec<&str> = acts.iter().map(|act| act["action"].as_str().unwrap()).collect();
    assert_eq!(acts, ["key.accept", "key.invite"]);
}

/// The key that the page of an accepted invitation shows.
fn new_key_on(page: &str) -> String {
    page.split("<code id=\"key\" dir=\"ltr\">").nth(1).unwrap().split("</code>").next().unwrap().to_owned()
}

async fn an_invitation_that_was_taken_back_or_is_too_old_opens_nothing(app: &mut App) {
    let (merchant, nobody) = (app.merchant(), app.anybody());
    let invite = async |name: &str| {
        let wanted = json!({"name": name, "scope": "admin", "invite": true});
        let made = merchant.http.post("/v1/api-keys", &wanted).await.with_status(201).json();
        let url = made["invitation_url"].as_str().unwrap().to_owned();
        app.hush(url.rsplit('/').next().unwrap());
        (made["id"].as_str().unwrap().to_owned(), url)
    };
    let (taken_back, url) = invite("Taken back").await;
    let (_, late) = invite("Too late").await;
    let revoke = merchant.http.request(Method::DELETE, &format!("/v1/api-keys/{taken_back}"));
    merchant.http.ask(revoke).await.with_status(204);
    assert_eq!(nobody.ask(nobody.request(Method::POST, &url)).await.status, 404);
    // A pending invitation does not count as another key of scope `admin`.
    let keys = merchant.http.whole_list("/v1/api-keys", 100).await;
    let current = keys.iter().find(|key| key["current"] == true).unwrap()["id"].as_str().unwrap();
    let revoke = merchant.http.request(Method::DELETE, &format!("/v1/api-keys/{current}"));
    merchant.http.ask(revoke).await.problem(409, "last_admin_key");

    app.turns_its_clock(TimeDelta::days(8));
    assert_eq!(nobody.ask(nobody.request(Method::POST, &late)).await.status, 404);
    nobody.get("/invitation/nothing").await.with_status(404);
}

async fn an_invitation_ends_with_the_key_that_it_was_made_with(app: &mut App) {
    let (merchant, nobody) = (app.merchant(), app.anybody());
    let leaver = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "admin").await);
    let wanted = json!({"name": "For later", "scope": "admin", "invite": true});
    let mut urls = Vec::new();
    for inviter in [&leaver, &leaver, &merchant] {
        let made = inviter.http.post("/v1/api-keys", &wanted).await.with_status(201).json();
        let url = made["invitation_url"].as_str().unwrap().to_owned();
        app.hush(url.rsplit('/').next().unwrap());
        urls.push(url);
    }
    let accept = async |url: &str| nobody.ask(nobody.request(Method::POST, url)).await;
    let accepted = accept(&urls[0]).await.with_status(200);
    let keys = leaver.http.whole_list("/v1/api-keys", 100).await;
    let own = keys.iter().find(|key| key["current"] == true).unwrap()["id"].as_str().unwrap().to_owned();
    merchant.http.ask(merchant.http.request(Method::DELETE, &format!("/v1/api-keys/{own}"))).await.with_status(204);

    assert_eq!(accept(&urls[1]).await.status, 404, "nobody comes in by what was left behind");
    let key = new_key_on(&accept(&urls[2]).await.with_status(200).text());
    app.hush(&key);
    let first = new_key_on(&accepted.text());
    app.hush(&first);
    for key in [&key, &first] {
        merchant.with_key(key).http.get("/v1/merchant").await.with_status(200);
    }
}

async fn a_merchant_has_two_hundred_keys_and_no_more(app: &mut App) {
    let merchant = app.operator().makes_a_merchant("A Florist").await;
    let wanted = json!({"name": "One of many", "scope": "read", "invite": true});
    let mut last = Value::Null;
    for _ in 1..200 {
        last = merchant.http.post("/v1/api-keys", &wanted).await.with_status(201).json();
        app.hush(last["invitation_url"].as_str().unwrap().rsplit('/').next().unwrap());
    }
    merchant.http.post("/v1/api-keys", &wanted).await.problem(409, "too_many_keys");
    let revoke = merchant.http.request(Method::DELETE, &format!("/v1/api-keys/{}", last["id"].as_str().unwrap()));
    merchant.http.ask(revoke).await.with_status(204);
    let made = merchant.http.post("/v1/api-keys", &wanted).await.with_status(201).json();
    app.hush(made["invitation_url"].as_str().unwrap().rsplit('/').next().unwrap());
}

async fn what_was_done_says_by_whom(app: &mut App) {
    let merchant = app.merchant();
    let wanted = json!({"name": "Ada", "scope": "write"});
    let made = merchant.http.post("/v1/api-keys", &wanted).await.with_status(201).json();
    app.hush(made["key"].as_str().unwrap());
    let ada = merchant.with_key(made["key"].as_str().unwrap());
    let order = ada.opens_an_order("48101").await;
    let link = ada.makes_a_link(&order).await;
    let message = ada.sends(&link).await;
    assert_eq!(ada.message(&message).await["actor"], made["id"]);
    ada.voids(&link).await.with_status(202);
    let voided = ada.sees(&link.id, "voided").await;
    let timeline = voided["timeline"].as_array().unwrap();
    for event in ["creating", "voiding"] {
        let entry = timeline.iter().find(|entry| entry["event"] == event).unwrap();
        assert_eq!(entry["actor"], made["id"], "{event}");
    }
    let seen = ada.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
    let first = seen["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&first["event"], &first["actor_name"]), (&json!("order.create"), &json!("Ada")));
    let path = format!("/v1/audit-log?actor={}", made["id"].as_str().unwrap());
    let acts = merchant.http.whole_list(&path, 100).await;
    let acts: Vec<&str> = acts.iter().map(|act| act["action"].as_str().unwrap()).collect();
    assert_eq!(acts, ["link.void", "link.send", "link.create", "order.create"]);
}
