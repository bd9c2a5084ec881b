//! What Stripe refuses, the sandbox refuses.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, KEY, LINK, LIVE_KEY, OTHER_KEY, World, send};

const AMOUNT: &str = "line_items[0][price_data][unit_amount]";
const CURRENCY: &str = "line_items[0][price_data][currency]";

/// The usual parameters with one of them replaced or added, or left out with `None`.
fn with<'a>(name: &'a str, value: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let others = LINK.into_iter().filter(|(key, _)| *key != name);
    others.chain(value.map(|value| (name, value))).collect()
}

fn assert_refused(answer: &Answer, code: &Value, param: &str) {
    assert_eq!(answer.status, 400, "{}", answer.text);
    let error = &answer.json()["error"];
    assert_eq!(error["type"], "invalid_request_error");
    assert_eq!(error["code"], *code, "{error}");
    assert_eq!(error["param"], param, "{error}");
    assert!(error["request_log_url"].as_str().unwrap().contains(answer.header("request-id").unwrap()));
}

#[tokio::test]
async fn a_parameter_that_stripe_does_not_know_is_refused() {
    let world = World::start().await;
    for name in ["active", "amount", "line_items[1][quantity]", "metadata", "metadata[a][b]", "expires_at"] {
        let answer = world.stripe_post("/v1/payment_links", &with(name, Some("true"))).await;
        assert_refused(&answer, &json!("parameter_unknown"), name);
    }
    let answer = world.stripe_get("/v1/payment_links?status=open").await;
    assert_refused(&answer, &json!("parameter_unknown"), "status");
    assert_eq!(world.links().await, 0);
}

#[tokio::test]
async fn a_parameter_that_is_missing_empty_or_out_of_bounds_is_refused() {
    let world = World::start().await;
    let name = "line_items[0][price_data][product_data][name]";
    for (param, value, code) in [
        (AMOUNT, None, json!("parameter_missing")),
        (name, None, json!("parameter_missing")),
        (name, Some(""), json!("parameter_invalid_empty")),
        (AMOUNT, Some("49"), json!("amount_too_small")),
        (AMOUNT, Some("100000000"), json!("amount_too_large")),
        (AMOUNT, Some("129.50"), json!("parameter_invalid_integer")),
        (CURRENCY, Some("USD"), Value::Null),
        (CURRENCY, Some("xxx"), Value::Null),
        ("payment_method_types[0]", Some("cash"), Value::Null),
        ("restrictions[completed_sessions][limit]", Some("0"), json!("parameter_invalid_integer")),
        ("after_completion[redirect][url]", Some("thanks"), json!("url_invalid")),
        ("after_completion[redirect][url]", None, json!("parameter_missing")),
    ] {
        let answer = world.stripe_post("/v1/payment_links", &with(param, value)).await;
        assert_refused(&answer, &code, param);
    }
    let answer = world.stripe_post("/v1/payment_links", &[("inactive_message", "Over")]).await;
    assert_refused(&answer, &json!("parameter_missing"), "line_items");
    assert_eq!(world.links().await, 0);
}

#[tokio::test]
async fn an_amount_is_judged_in_its_currency() {
    let world = World::start().await;
    for (currency, amount, status) in
        [("jpy", "50", 200), ("jpy", "49", 400), ("gbp", "30", 200), ("isk", "12345", 400), ("isk", "12300", 200)]
    {
        let form: Vec<(&str, &str)> = LINK
            .into_iter()
            .map(|(name, value)| match name {
                CURRENCY => (name, currency),
                AMOUNT => (name, amount),
                _ => (name, value),
            })
            .collect();
        let answer = world.stripe_post("/v1/payment_links", &form).await;
        assert_eq!(answer.status, status, "{currency} {amount}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_request_needs_a_known_key_a_version_and_a_form() {
    let world = World::start().await;
    let url = world.url("/stripe/v1/payment_links?limit=1");
    let version = |request: reqwest::RequestBuilder| request.header("Stripe-Version", "2026-10-28.endive");
    let get = || world.http.get(&url);

    assert_eq!(send(version(get()).bearer_auth(KEY)).await.unwrap().status, 200);
    assert_eq!(send(version(get()).basic_auth(KEY, None::<&str>)).await.unwrap().status, 200);
    assert_eq!(send(version(get())).await.unwrap().status, 401);
    let unknown = send(version(get()).bearer_auth("sk_test_nobody_knows_1234")).await.unwrap();
    assert_eq!(unknown.status, 401);
    assert_eq!(unknown.json()["error"]["type"], "invalid_request_error");
    assert!(!unknown.text.contains("nobody"), "{}", unknown.text);
    assert_eq!(send(get().bearer_auth(KEY)).await.unwrap().status, 400);
    assert_eq!(send(get().bearer_auth(KEY).header("Stripe-Version", "latest")).await.unwrap().status, 400);
    let body = world.stripe(Method::POST, "/v1/payment_links").json(&json!({ "active": true }));
    assert_eq!(send(body).await.unwrap().status, 400);
    assert_eq!(world.stripe_get("/v1/customers").await.status, 404);
}

#[tokio::test]
async fn another_account_and_another_mode_do_not_see_a_link() {
    let world = World::start().await;
    let link = world.link().await;
    let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
    for key in [OTHER_KEY, LIVE_KEY] {
        let as_other = |path: &str| {
            let request = world.http.get(world.url(&format!("/stripe{path}"))).bearer_auth(key);
            send(request.header("Stripe-Version", "2026-10-28.endive"))
        };
        let answer = as_other(&path).await.unwrap();
        assert_eq!((answer.status, answer.stripe_code()), (404, json!("resource_missing")));
        assert_eq!(as_other("/v1/payment_links").await.unwrap().json()["data"], json!([]));
    }
}

#[tokio::test]
async fn a_list_pages_through_every_link_newest_first() {
    let world = World::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.link().await["id"].as_str().unwrap().to_owned());
    }
    ids.reverse();

    let mut seen: Vec<String> = Vec::new();
    loop {
        let after = seen.last().map_or_else(String::new, |last| format!("&starting_after={last}"));
        let page = world.stripe_get(&format!("/v1/payment_links?active=true&limit=2{after}")).await.json();
        let found = page["data"].as_array().unwrap().iter().map(|link| link["id"].as_str().unwrap().to_owned());
        seen.extend(found);
        if page["has_more"] == false {
            break;
        }
    }

    assert_eq!(seen, ids);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 5);
    let unknown = world.stripe_get("/v1/payment_links?starting_after=plink_none").await;
    assert_refused(&unknown, &json!("resource_missing"), "starting_after");
}

#[tokio::test]
async fn a_webhook_endpoint_shows_its_secret_once_and_can_be_deleted() {
    let world = World::start().await;
    let form = [
        ("url", "http://127.0.0.1:9/hook"),
        ("enabled_events[]", "checkout.session.completed"),
        ("enabled_events[]", "charge.refunded"),
    ];
    let created = world.stripe_post("/v1/webhook_endpoints", &form).await.json();
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(created["enabled_events"], json!(["checkout.session.completed", "charge.refunded"]));

    let path = format!("/v1/webhook_endpoints/{}", created["id"].as_str().unwrap());
    let found = world.stripe_get(&path).await.json();
    assert_eq!(found["url"], "http://127.0.0.1:9/hook");
    assert_eq!(found["secret"], Value::Null);
    let deleted = send(world.stripe(Method::DELETE, &path)).await.unwrap().json();
    assert_eq!(deleted["deleted"], true);
    assert_eq!(world.stripe_get(&path).await.status, 404);

    let unknown = [("url", "http://127.0.0.1:9/hook"), ("enabled_events[]", "order.paid")];
    assert_refused(&world.stripe_post("/v1/webhook_endpoints", &unknown).await, &Value::Null, "enabled_events[0]");
}
