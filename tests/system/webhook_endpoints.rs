//! Webhook endpoints themselves: their secrets, their addresses, their tests, and what operators do with them.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::{
    failing_endpoints::is_believed_later,
    support::{App, Taking, eventually, on_both_databases},
    webhooks_out::{deliveries, is_allowed_inside, is_believed, makes, see},
};

on_both_databases!(
    both_secrets_sign_for_a_day_after_a_rotation,
    a_secret_is_shown_once_and_kept_sealed,
    redirects_are_not_followed_and_a_test_can_be_sent_and_sent_again,
    what_is_sent_is_refused_with_its_field,
    inside_addresses_are_for_nobody_unless_the_operator_allows_them,
    an_operator_sees_and_mends_from_the_command_line,
);

async fn both_secrets_sign_for_a_day_after_a_rotation(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/rotated", receiver.url), &["order.created"]).await;
    let rotated = merchant.http.post(&format!("{}/rotate-secret", endpoint.path()), &json!({})).await;
    let new = rotated.with_status(200).json()["secret"].as_str().unwrap().to_owned();
    app.hush(&new);
    merchant.opens_an_order("W-7").await;
    let came = receiver.gets("/rotated", |came| !came.is_empty()).await;
    assert!(is_believed(&endpoint.secret, &came[0]) && is_believed(&new, &came[0]));
    app.turns_its_clock(TimeDelta::hours(25));
    merchant.opens_an_order("W-71").await;
    let came = receiver.gets("/rotated", |came| came.len() >= 2).await;
    assert!(is_believed_later(&new, &came[1]) && !is_believed_later(&endpoint.secret, &came[1]));
}

async fn a_secret_is_shown_once_and_kept_sealed(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/secret", receiver.url), &["*"]).await;
    assert!(endpoint.secret.starts_with("whsec_"), "as the specification writes it");
    let seen = merchant.http.get("/v1/webhook-endpoints").await.with_status(200).text();
    assert!(seen.contains(&endpoint.id) && !seen.contains(&endpoint.secret) && !seen.contains("whsec_"));
    let rows = app.rows().await;
    assert!(!rows.contains(endpoint.secret.trim_start_matches("whsec_")), "it is kept as it is");
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    for (method, path) in [
        (Method::GET, endpoint.path()),
        (Method::DELETE, endpoint.path()),
        (Method::POST, format!("{}/rotate-secret", endpoint.path())),
        (Method::POST, format!("{}/test", endpoint.path())),
        (Method::GET, format!("{}/deliveries", endpoint.path())),
    ] {
        let asked = stranger.http.request(method.clone(), &path);
        stranger.http.ask(asked).await.problem(404, "not_found");
    }
    let gone = merchant.http.ask(merchant.http.request(Method::DELETE, &endpoint.path())).await;
    gone.with_status(204);
    merchant.http.get(&endpoint.path()).await.problem(404, "not_found");
    merchant.opens_an_order("W-8").await;
    assert!(receiver.came("/secret").is_empty());
}

async fn redirects_are_not_followed_and_a_test_can_be_sent_and_sent_again(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    receiver.answers("/moved", Taking::Status(307));
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/moved", receiver.url), &["link.paid"]).await;
    let test = merchant.http.post(&format!("{}/test", endpoint.path()), &json!({})).await.with_status(200).json();
    let came = receiver.gets("/moved", |came| !came.is_empty()).await;
    assert_eq!((came[0].kind().as_str(), came[0].id()), ("endpoint.test", test["id"].as_str().unwrap()));
    assert!(came[0].json().get("seq").is_none());
    let tried = async || {
        let found = deliveries(&merchant, &endpoint).await;
        found[0]["answered_status"].is_i64().then(|| found[0].clone())
    };
    let delivery = eventually("it was tried", tried).await;
    assert_eq!((&delivery["answered_status"], &delivery["state"]), (&307.into(), &"pending".into()));
    assert!(receiver.came("/elsewhere").is_empty());

    receiver.answers("/moved", Taking::Status(200));
    let again = format!("{}/deliveries/{}/redeliver", endpoint.path(), test["id"].as_str().unwrap());
    merchant.http.post(&again, &json!({})).await.with_status(200);
    eventually("it is delivered", async || {
        (deliveries(&merchant, &endpoint).await[0]["state"] == "delivered").then_some(())
    })
    .await;
    assert_eq!(receiver.came("/moved").last().unwrap().id(), came[0].id());
    // A delivered webhook can be sent again, too.
    let before = receiver.came("/moved").len();
    merchant.http.post(&again, &json!({})).await.with_status(200);
    receiver.gets("/moved", |came| came.len() > before).await;
}

async fn what_is_sent_is_refused_with_its_field(app: &mut App) {
    let merchant = app.merchant();
    let good = json!({"url": "https://example.com/hooks", "events": ["*"]});
    for (field, value) in [
        ("url", json!("http://example.com/")),
        ("url", json!("https://127.0.0.1/")),
        ("url", json!("https://user@example.com/")),
        ("events", json!([])),
        ("events", json!(["link.bought"])),
        ("description", json!("")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let refused = merchant.http.post("/v1/webhook-endpoints", &body).await.with_status(422).json();
        assert!(refused["errors"][0]["field"].as_str().unwrap().starts_with(field), "{value}: {refused}");
    }
    for number in 0..20 {
        let url = format!("https://example.com/hooks/{number}");
        let made = merchant.http.post("/v1/webhook-endpoints", &json!({"url": url, "events": ["link.paid"]})).await;
        app.hush(made.with_status(201).json()["secret"].as_str().unwrap());
    }
    merchant.http.post("/v1/webhook-endpoints", &good).await.problem(409, "too_many_endpoints");
}

async fn inside_addresses_are_for_nobody_unless_the_operator_allows_them(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/inside", receiver.url), &["order.created"]).await;
    // The operator has changed their mind since.
    app.starts_again_with(&[("PAYLINK_WEBHOOKS_ALLOW_PRIVATE", "false")]).await;
    merchant.opens_an_order("W-9").await;
    let tried = async || {
        let found = deliveries(&merchant, &endpoint).await;
        found.first().is_some_and(|delivery| delivery["error"].is_string()).then(|| found[0].clone())
    };
    let delivery = eventually("it was tried", tried).await;
    assert!(delivery["error"].as_str().unwrap().contains("public"), "{delivery}");
    assert!(receiver.came("/inside").is_empty());
}

async fn an_operator_sees_and_mends_from_the_command_line(app: &mut App) {
    let receiver = is_allowed_inside(app).await;
    let merchant = app.merchant();
    let endpoint = makes(app, &format!("{}/cli", receiver.url), &["order.created"]).await;
    receiver.answers("/cli", Taking::Status(410));
    merchant.opens_an_order("W-10").await;
    let disabled = async || (see(&merchant, &endpoint).await["enabled"] == false).then_some(());
    eventually("it is disabled", disabled).await;
    let listed = app.says(&["webhooks", "list", "--merchant", &merchant.id]);
    assert!(listed.contains(&endpoint.id) && listed.contains("gone"), "{listed}");
    let seen = app.says(&["webhooks", "deliveries", &endpoint.id]);
    assert!(seen.contains("order.created") && seen.contains("failed") && seen.contains("410"), "{seen}");
    receiver.answers("/cli", Taking::Status(204));
    app.says(&["webhooks", "enable", &endpoint.id]);
    let since = (chrono::Utc::now() - TimeDelta::hours(1)).to_rfc3339();
    assert_eq!(app.says(&["webhooks", "recover", &endpoint.id, "--since", &since]).trim(), "1 delivered again");
    receiver.gets("/cli", |came| came.len() >= 2).await;
}
