//! Connecting to Stripe: keys are checked, and webhooks need no manual setup.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Merchant, STRIPE_KEY, eventually, on_both_databases};

on_both_databases!(
    a_key_is_checked_and_its_account_is_shown,
    a_registered_endpoint_tells_of_payments,
    an_endpoint_is_registered_once_however_stripe_fails,
    signing_secrets_are_added_and_dropped,
);

async fn the_connection(merchant: &Merchant) -> Value {
    merchant.http.get("/v1/stripe-integration").await.with_status(200).json()
}

async fn is_registered(merchant: &Merchant) -> Value {
    eventually("the endpoint is registered", async || {
        let connection = the_connection(merchant).await;
        (connection["webhook_endpoint"]["status"] == "registered").then_some(connection)
    })
    .await
}

async fn endpoints(app: &App) -> Vec<Value> {
    let listed = app.sandbox().at_stripe(Method::GET, "webhook_endpoints", &[]).await;
    listed["data"].as_array().unwrap().clone()
}

async fn a_key_is_checked_and_its_account_is_shown(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let connects = async |key: &str| {
        merchant.http.put("/v1/stripe-integration", &json!({"secret_key": key})).await.with_status(202);
        eventually("the key is checked", async || {
            let connection = the_connection(&merchant).await;
            (connection["status"] != "checking").then_some(connection)
        })
        .await
    };
    let connected = connects(STRIPE_KEY).await;
    assert_eq!((&connected["status"], &connected["livemode"]), (&json!("connected"), &json!(false)), "{connected}");
    assert_eq!(connected["account"], "acct_sandbox (Sandbox)");

    // A restricted key need not see its account.
    sandbox
        .fails(json!({"service": "stripe", "times": 1, "mode": "status", "status": 403, "path": "/v1/account"}))
        .await;
    let restricted = connects(STRIPE_KEY).await;
    assert_eq!((&restricted["status"], &restricted["account"]), (&json!("connected"), &Value::Null), "{restricted}");

    // But it must see payment links, and the merchant reads what to change.
    sandbox
        .fails(json!({"service": "stripe", "times": 1, "mode": "status", "status": 403, "path": "/payment_links"}))
        .await;
    let refused = connects(STRIPE_KEY).await;
    assert_eq!(refused["status"], "failed");
    assert!(refused["reason"].as_str().unwrap().contains("Payment Links (write)"), "{refused}");

    let unknown = connects("sk_test_that_stripe_does_not_know").await;
    assert!(unknown["reason"].as_str().unwrap().contains("does not accept the API key"), "{unknown}");
    let log = app.log();
    for status in ["401", "403"] {
        let is_told = |line: &str| line.contains("Stripe refused a merchant's key") && line.contains(status);
        assert!(log.lines().any(is_told), "{log}");
    }
    connects(STRIPE_KEY).await;
}

async fn a_registered_endpoint_tells_of_payments(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let before = the_connection(&merchant).await["webhook_secret_last_four"].clone();

    let body = json!({"secret_key": STRIPE_KEY, "register_webhook": true});
    let accepted = merchant.http.put("/v1/stripe-integration", &body).await.with_status(202).json();
    assert_eq!(accepted["webhook_endpoint"]["status"], "registering");

    let connection = is_registered(&merchant).await;
    assert_ne!(connection["webhook_secret_last_four"], before);
    // The one that was there before has the same address, and would tell everything twice.
    let at_stripe = endpoints(app).await;
    assert_eq!(at_stripe.len(), 1, "{at_stripe:?}");
    assert_eq!(at_stripe[0]["id"], connection["webhook_endpoint"]["id"]);
    assert_eq!(at_stripe[0]["url"], connection["webhook_url"]);
    eventually("the key is checked", async || (the_connection(&merchant).await["status"] == "connected").then_some(()))
        .await;
    let link = merchant.makes_a_link(&app.order()).await;
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    assert!(the_connection(&merchant).await["last_event_at"].is_string());
}

async fn an_endpoint_is_registered_once_however_stripe_fails(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let troubles = [
        json!({"mode": "reset_after"}),
        json!({"mode": "status", "status": 503}),
        // Stripe has made it and will say that it failed for a day: the secret is lost, and the endpoint with it.
        json!({"mode": "status_after", "status": 500}),
    ];
    for mut trouble in troubles {
        trouble["service"] = "stripe".into();
        trouble["times"] = 1.into();
        trouble["method"] = "POST".into();
        trouble["path"] = "/v1/webhook_endpoints".into();
        sandbox.fails(trouble.clone()).await;
        merchant.http.post("/v1/stripe-integration/webhook-endpoint", &json!({})).await.with_status(202);
        let connection = is_registered(&merchant).await;
        let at_stripe = endpoints(app).await;
        assert_eq!(at_stripe.len(), 1, "after {trouble}: {at_stripe:?}");
        assert_eq!(at_stripe[0]["id"], connection["webhook_endpoint"]["id"], "after {trouble}");
    }
    let link = merchant.makes_a_link(&app.order()).await;
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;

    // Stripe's refusal is reported.
    let refusal = json!({"service": "stripe", "times": 1, "mode": "status", "status": 403, "method": "POST", "path": "/v1/webhook_endpoints"});
    sandbox.fails(refusal).await;
    merchant.http.post("/v1/stripe-integration/webhook-endpoint", &json!({})).await.with_status(202);
    let failed = eventually("the refusal is told", async || {
        let connection = the_connection(&merchant).await;
        (connection["webhook_endpoint"]["status"] == "failed").then_some(connection)
    })
    .await;
    assert!(failed["webhook_endpoint"]["reason"].as_str().unwrap().contains("Webhook Endpoints (write)"), "{failed}");
}

async fn signing_secrets_are_added_and_dropped(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let last_fours = |connection: &Value| -> Vec<String> {
        let secrets = connection["webhook_secrets"].as_array().unwrap();
        secrets.iter().map(|secret| secret["last_four"].as_str().unwrap().to_owned()).collect()
    };
    let old = last_fours(&the_connection(&merchant).await).remove(0);
    let path = "/v1/stripe-integration/webhook-secrets";
    let drop = |last_four: &str| merchant.http.request(Method::DELETE, &format!("{path}/{last_four}"));
    merchant.http.ask(drop(&old)).await.problem(409, "last_webhook_secret");
    merchant.http.post(path, &json!({"webhook_secret": "sk_test_1"})).await.problem(422, "invalid_input");

    let secret = "whsec_that_was_rolled_in_the_dashboard_1234";
    let both = merchant.http.post(path, &json!({"webhook_secret": secret})).await.with_status(200).json();
    assert_eq!(last_fours(&both), ["1234".to_owned(), old.clone()]);
    assert!(both["webhook_secrets"][0]["until"].is_null() && both["webhook_secrets"][1]["until"].is_string(), "{both}");
    // Webhooks signed with the old one are accepted meanwhile.
    let link = merchant.makes_a_link(&app.order()).await;
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;

    merchant.http.ask(drop("zzzz")).await.problem(404, "not_found");
    let left = merchant.http.ask(drop(&old)).await.with_status(200).json();
    assert_eq!(last_fours(&left), ["1234"]);
}
