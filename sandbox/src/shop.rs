//! A shop on another origin with Paylink's component in its order page, as an example of a merchant's system.
//!
//! Its "server" is this handler, which holds the API key and gives the page a token for one order, valid for ten
//! minutes.

use std::sync::{Arc, Mutex, PoisonError};

use poem::{
    Response, handler,
    http::StatusCode,
    web::{Data, Json},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    html::{escape, page},
    model::state::Shared,
};

/// The shop's Paylink and its order.
#[derive(Clone, Deserialize)]
pub(crate) struct Shop {
    paylink_url: String,
    api_key: String,
    order_id: String,
}

/// The shop, once opened, and its HTTP client.
#[derive(Clone)]
pub(crate) struct Shops {
    open: Arc<Mutex<Option<Shop>>>,
    http: reqwest::Client,
}

impl Shops {
    pub(crate) fn new(http: reqwest::Client) -> Self {
        Self { open: Arc::default(), http }
    }
}

#[handler]
pub(crate) fn open(Data(shops): Data<&Shops>, Json(shop): Json<Shop>) -> StatusCode {
    *shops.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(shop);
    StatusCode::NO_CONTENT
}

/// The shop's order page.
#[handler]
pub(crate) async fn show(Data(shops): Data<&Shops>, Data(shared): Data<&Arc<Shared>>) -> Response {
    let shop = shops.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(shop) = shop else {
        return page(StatusCode::NOT_FOUND, "There is no shop", "<p>It opens with <code>paylink up --demo</code>.</p>");
    };
    match token(&shops.http, &shop, &shared.config.base).await {
        Ok(token) => order_page(&shop, &token),
        Err(error) => {
            let body = format!("<p>Paylink gave no token: {}</p>", escape(&error.to_string()));
            page(StatusCode::BAD_GATEWAY, "The shop cannot be shown", &body)
        }
    }
}

async fn token(http: &reqwest::Client, shop: &Shop, origin: &str) -> Result<String, reqwest::Error> {
    let wanted = json!({
        "order_id": shop.order_id,
        "may": ["read", "create_link", "send", "void"],
        "minutes": 10,
        "origin": origin,
    });
    let asked = http.post(format!("{}/v1/client-tokens", shop.paylink_url)).bearer_auth(&shop.api_key).json(&wanted);
    let answer: Value = asked.send().await?.error_for_status()?.json().await?;
    Ok(answer["token"].as_str().unwrap_or_default().to_owned())
}

/// The strictest page possible: no inline style or script, and Trusted Types.
fn order_page(shop: &Shop, token: &str) -> Response {
    let paylink = escape(&shop.paylink_url);
    let (order, token) = (escape(&shop.order_id), escape(token));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Our shop: an order</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <script type=\"module\" src=\"{paylink}/embed.js\"></script></head><body><main><h1>Our shop</h1>\
         <p>A page of another system, at another origin. What is below is Paylink's.</p>\
         <paylink-order order=\"{order}\" token=\"{token}\"></paylink-order></main></body></html>"
    );
    let policy = format!(
        "default-src 'none'; script-src {0}; connect-src {0}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        shop.paylink_url
    );
    Response::builder()
        .header("Cache-Control", "no-store")
        .header("Referrer-Policy", "no-referrer")
        .header("Content-Security-Policy", policy)
        .content_type("text/html; charset=utf-8")
        .body(html)
}
