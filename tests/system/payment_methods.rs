//! The accepted payment methods: the merchant's, or the link's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Invoice, Merchant, Order, on_both_databases};

on_both_databases!(
    a_link_is_paid_by_what_it_says_or_the_merchant_says,
    a_way_to_pay_that_stripe_refuses_is_told_as_such,
);

async fn makes(merchant: &Merchant, order: &Order, methods: Option<&str>) -> Value {
    let mut form = Invoice::default().form();
    if let Some(methods) = methods {
        form = form.text("payment_methods", methods.to_owned());
    }
    let path = format!("/v1/orders/{}/payment-links", order.id);
    let request = merchant.http.request(Method::POST, &path).multipart(form);
    merchant.http.ask(request).await.with_status(202).json()
}

async fn says(merchant: &Merchant, methods: &str) -> crate::support::Answer {
    let patch = merchant.http.request(Method::PATCH, "/v1/merchant").json(&json!({"payment_methods": methods}));
    merchant.http.ask(patch).await
}

/// Stripe's request for the newest link.
async fn told(app: &App) -> Vec<String> {
    let made = app.sandbox().requests("stripe", "POST", "/v1/payment_links").await;
    let last = made.iter().rfind(|request| request["path"] == "/v1/payment_links").unwrap();
    let body = last["body"].as_str().unwrap();
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    pairs.filter(|(name, _)| name.starts_with("payment_method_types[")).map(|(_, value)| value.into_owned()).collect()
}

async fn a_link_is_paid_by_what_it_says_or_the_merchant_says(app: &mut App) {
    let merchant = app.merchant();
    let profile = merchant.http.get("/v1/merchant").await.json();
    assert_eq!(profile["payment_methods"], "cards");
    let mut number = 53_000;
    for (of_merchant, of_link, shown, named) in [
        (None, None, "cards", vec!["card"]),
        (Some("dashboard"), None, "dashboard", vec![]),
        (Some("dashboard"), Some("cards"), "cards", vec!["card"]),
        (Some("card,sepa_debit"), None, "card,sepa_debit", vec!["card", "sepa_debit"]),
        (Some("cards"), Some("ideal"), "ideal", vec!["ideal"]),
    ] {
        if let Some(methods) = of_merchant {
            assert_eq!(says(&merchant, methods).await.with_status(200).json()["payment_methods"], methods);
        }
        number += 1;
        let order = merchant.opens_an_order(&number.to_string()).await;
        let link = makes(&merchant, &order, of_link).await;
        assert_eq!(link["payment_methods"], shown);
        merchant.sees(link["id"].as_str().unwrap(), "unpaid").await;
        assert_eq!(told(app).await, named, "{of_merchant:?} {of_link:?}");
    }
    for bad in ["", "Cards", "card, sepa_debit", "card,card"] {
        says(&merchant, bad).await.problem(422, "invalid_input");
    }
}

async fn a_way_to_pay_that_stripe_refuses_is_told_as_such(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("53101").await;
    let link = makes(&merchant, &order, Some("card,bancontact")).await;
    let failed = merchant.sees(link["id"].as_str().unwrap(), "failed").await;
    let why = failed["failure"].as_str().unwrap();
    assert!(why.starts_with("Stripe refused a way to pay:") && why.contains("bancontact"), "{why}");
}
