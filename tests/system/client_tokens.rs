//! Tokens for pages in a browser: what they allow, from where, for how long, and what ends them.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, App, Http, Merchant, on_both_databases};

on_both_databases!(
    a_token_opens_one_order_from_one_origin_and_nothing_else,
    a_token_may_what_it_says_and_no_more,
    a_token_ends_with_its_time_and_with_its_key,
    a_suspended_merchants_page_can_look_and_not_act,
    a_token_is_for_an_order_of_ones_own_and_an_origin,
    browsers_are_told_to_hand_answers_over_to_the_tokens_origin_only,
);

const SHOP: &str = "https://shop.example";
const EVIL: &str = "https://evil.example";
const ALL: [&str; 4] = ["read", "create_link", "send", "void"];

/// A page in a browser, with a token.
struct Page {
    http: Http,
    origin: &'static str,
}

impl Page {
    async fn asks(&self, method: Method, path: &str) -> Answer {
        self.http.ask(self.http.request(method, path).header("Origin", self.origin)).await
    }

    async fn gets(&self, path: &str) -> Answer {
        self.asks(Method::GET, path).await
    }

    async fn posts(&self, path: &str) -> Answer {
        let request = self.http.request(Method::POST, path).header("Origin", self.origin);
        self.http.ask(if path.ends_with("payment-links") { request } else { request.json(&json!({})) }).await
    }
}

async fn token(app: &App, merchant: &Merchant, order: &str, may: &[&str]) -> String {
    let wanted = json!({"order_id": order, "may": may, "minutes": 10, "origin": SHOP});
    let made = merchant.http.post("/v1/client-tokens", &wanted).await.with_status(201).json();
    let token = made["token"].as_str().unwrap().to_owned();
    app.hush(&token);
    token
}

fn page(app: &App, token: &str, origin: &'static str) -> Page {
    Page { http: app.anybody().with_key(token), origin }
}

async fn a_token_opens_one_order_from_one_origin_and_nothing_else(app: &mut App) {
    let merchant = app.merchant();
    let (order, other) = (merchant.opens_an_order("T-1").await, merchant.opens_an_order("T-2").await);
    let others_link = merchant.makes_a_link(&other).await;
    let token = token(app, &merchant, &order.id, &ALL).await;
    let shop = page(app, &token, SHOP);
    let seen = shop.gets(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
    assert_eq!(seen["number"], "T-1");
    let link = shop.posts(&format!("/v1/orders/{}/payment-links", order.id)).await.with_status(202).json();
    let link = link["id"].as_str().unwrap();
    merchant.sees(link, "unpaid").await;
    shop.gets(&format!("/v1/payment-links/{link}")).await.with_status(200);
    shop.gets(&format!("/v1/payment-links/{link}/invoice")).await.with_status(200);
    shop.posts(&format!("/v1/payment-links/{link}/send")).await.with_status(202);
    shop.posts(&format!("/v1/payment-links/{link}/void")).await.with_status(202);
    merchant.sees(link, "voided").await;
    // The log names the key that requested the token.
    let timeline = merchant.link(link).await["timeline"].clone();
    let voiding = timeline.as_array().unwrap().iter().find(|entry| entry["event"] == "voiding").unwrap();
    assert!(voiding["actor"].as_str().unwrap().starts_with("key_"), "{voiding}");

    for path in [
        format!("/v1/orders/{}", other.id),
        format!("/v1/payment-links/{}", others_link.id),
        format!("/v1/payment-links/{}/invoice", others_link.id),
    ] {
        shop.gets(&path).await.problem(404, "not_found");
    }
    shop.posts(&format!("/v1/payment-links/{}/void", others_link.id)).await.problem(404, "not_found");
    shop.posts(&format!("/v1/orders/{}/payment-links", other.id)).await.problem(404, "not_found");
    for path in ["/v1/orders", "/v1/merchant", "/v1/api-keys", "/v1/changes", "/v1/credits", "/v1/payment-links"] {
        shop.gets(path).await.problem(403, "forbidden");
    }
    shop.posts(&format!("/v1/payment-links/{link}/mark-paid")).await.problem(403, "forbidden");
    shop.posts("/v1/client-tokens").await.problem(403, "forbidden");
    shop.asks(Method::PATCH, &format!("/v1/orders/{}", order.id)).await.problem(403, "forbidden");

    let path = format!("/v1/orders/{}", order.id);
    page(app, &token, EVIL).gets(&path).await.problem(403, "forbidden");
    app.anybody().with_key(&token).get(&path).await.problem(403, "forbidden");
    let forged = format!("{token}x");
    app.hush(&forged);
    page(app, &forged, SHOP).gets(&path).await.problem(401, "unauthorized");
}

async fn a_token_may_what_it_says_and_no_more(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("T-3").await;
    let link = merchant.makes_a_link(&order).await;
    let reader = page(app, &token(app, &merchant, &order.id, &["read"]).await, SHOP);
    reader.gets(&format!("/v1/payment-links/{}", link.id)).await.with_status(200);
    for call in ["send", "void"] {
        reader.posts(&format!("/v1/payment-links/{}/{call}", link.id)).await.problem(403, "forbidden");
    }
    reader.posts(&format!("/v1/orders/{}/payment-links", order.id)).await.problem(403, "forbidden");
    let sender = page(app, &token(app, &merchant, &order.id, &["send"]).await, SHOP);
    sender.gets(&format!("/v1/orders/{}", order.id)).await.problem(403, "forbidden");
    sender.posts(&format!("/v1/payment-links/{}/send", link.id)).await.with_status(202);
}

async fn a_token_ends_with_its_time_and_with_its_key(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("T-4").await;
    let path = format!("/v1/orders/{}", order.id);
    let made = json!({"name": "shop", "scope": "write"});
    let made = merchant.http.post("/v1/api-keys", &made).await.with_status(201).json();
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    app.hush(key);
    let shops = merchant.with_key(key);
    let shop = page(app, &token(app, &shops, &order.id, &ALL).await, SHOP);
    shop.gets(&path).await.with_status(200);
    let revocation = merchant.http.request(Method::DELETE, &format!("/v1/api-keys/{id}"));
    merchant.http.ask(revocation).await.with_status(204);
    shop.gets(&path).await.problem(401, "unauthorized");
    shop.posts(&format!("{path}/payment-links")).await.problem(401, "unauthorized");

    let shop = page(app, &token(app, &merchant, &order.id, &ALL).await, SHOP);
    shop.gets(&path).await.with_status(200);
    app.turns_its_clock(TimeDelta::minutes(11));
    let over = shop.gets(&path).await;
    assert_eq!(over.header("access-control-allow-origin"), SHOP, "the page has to read why");
    over.problem(401, "token_expired");
}

async fn a_suspended_merchants_page_can_look_and_not_act(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("T-5").await;
    let link = merchant.makes_a_link(&order).await;
    let shop = page(app, &token(app, &merchant, &order.id, &ALL).await, SHOP);
    let suspension = format!("/v1/admin/merchants/{}/suspend", merchant.id);
    app.operator().0.post(&suspension, &json!({"reason": "unpaid bills"})).await.with_status(200);
    shop.gets(&format!("/v1/orders/{}", order.id)).await.with_status(200);
    for call in ["send", "void"] {
        shop.posts(&format!("/v1/payment-links/{}/{call}", link.id)).await.problem(403, "merchant_suspended");
    }
    let wanted = json!({"order_id": order.id, "may": ALL, "minutes": 10, "origin": SHOP});
    merchant.http.post("/v1/client-tokens", &wanted).await.problem(403, "merchant_suspended");
}

async fn a_token_is_for_an_order_of_ones_own_and_an_origin(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("T-6").await;
    let good = json!({"order_id": order.id, "may": ["read"], "minutes": 60, "origin": "https://Shop.Example:443"});
    let made = merchant.http.post("/v1/client-tokens", &good).await.with_status(201).json();
    app.hush(made["token"].as_str().unwrap());
    assert_eq!(made["origin"], SHOP);
    for (field, value) in [
        ("origin", json!("shop.example")),
        ("origin", json!("https://shop.example/page")),
        ("origin", json!("*")),
        ("origin", json!("null")),
        ("minutes", json!(0)),
        ("minutes", json!(61)),
        ("may", json!([])),
        ("may", json!(["refund"])),
        ("order_id", json!("ord_00000000000000000000000000000000")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let refused = merchant.http.post("/v1/client-tokens", &body).await.with_status(422).json();
        assert!(refused["errors"][0]["field"].as_str().unwrap().starts_with(field), "{value}: {refused}");
    }
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    stranger.http.post("/v1/client-tokens", &good).await.with_status(422);
}

async fn browsers_are_told_to_hand_answers_over_to_the_tokens_origin_only(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("T-7").await;
    let path = format!("/v1/orders/{}", order.id);
    let token = token(app, &merchant, &order.id, &ALL).await;
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    assert_eq!(allowed(&page(app, &token, SHOP).gets(&path).await), SHOP);
    assert_eq!(allowed(&page(app, &token, EVIL).gets(&path).await), "");
    assert_eq!(allowed(&page(app, &app.hello.api_key.clone(), SHOP).gets(&path).await), "", "a key is no token");
    // What a browser asks before it sends a token cannot hold one; only calls that a token opens are answered.
    let asks = async |path: &str, method: &str| {
        let request = app.anybody().request(Method::OPTIONS, path).header("Origin", SHOP);
        let request = request.header("Access-Control-Request-Method", method);
        app.anybody().ask(request.header("Access-Control-Request-Headers", "authorization")).await
    };
    assert_eq!(allowed(&asks(&path, "GET").await.with_status(204)), SHOP);
    assert_eq!(allowed(&asks(&format!("{path}/payment-links"), "POST").await.with_status(204)), SHOP);
    for (path, method) in [("/v1/orders", "GET"), (path.as_str(), "PATCH"), ("/v1/merchant", "GET")] {
        assert_eq!(allowed(&asks(path, method).await), "", "{method} {path}");
    }
    let component = app.anybody().get("/embed.js").await.with_status(200);
    assert_eq!(component.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(allowed(&component), "*");
    assert!(component.text().contains("paylink-order") && component.text().len() < 25_000);
}
