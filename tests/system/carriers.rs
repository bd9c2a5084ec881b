//! Any carrier by a described HTTP request: it works like Twilio, and gives no access to the operator's network.

use serde_json::{Value, json};

use crate::support::{App, Database, Merchant, eventually, on_both_databases};

on_both_databases!(a_gateway_on_the_inside_is_not_reached);

mod a_described_gateway_sends_reports_and_passes_texts_on {
    use super::*;

    fn inside() -> [(&'static str, String); 1] {
        [("PAYLINK_SMS_HTTP_ALLOW_PRIVATE", "true".to_owned())]
    }

    #[tokio::test]
    async fn on_sqlite() {
        tell(&mut App::start_with(Database::sqlite(), &inside()).await).await;
    }

    #[tokio::test]
    async fn on_postgresql() {
        tell(&mut App::start_with(Database::postgresql().await, &inside()).await).await;
    }
}

/// The sandbox's gateway, as a merchant describes it.
fn described(url: &str) -> Value {
    json!({
        "carrier": "http",
        "from": "Bakery",
        "secrets": {"token": "paylink_demo_sandbox_token"},
        "gateway": {
            "url": url,
            "headers": {"Authorization": "Bearer {{secrets.token}}", "Content-Type": "application/json"},
            "body": r#"{"to": "{{to}}", "from": "{{from}}", "text": "{{text}}", "reference": "{{message_id}}", "callback": "{{report_url}}"}"#,
            "id": "/message/id",
            "code": "/error/code",
            "final_codes": ["invalid_recipient"],
            "opted_out_codes": ["opted_out"],
            "reports": {"id": "/id", "status": "/state", "delivered": ["delivered"], "undelivered": ["undelivered", "failed"], "reason": "/error"},
            "incoming": {"id": "/id", "from": "/msisdn", "text": "/text"},
        },
    })
}

async fn is_connected(merchant: &Merchant, input: &Value) -> Value {
    merchant.http.put("/v1/sms-integration", input).await.with_status(200).json()
}

async fn tell(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let url = format!("{}/sms/gateway/messages", sandbox.url);
    let connected = is_connected(&merchant, &described(&url)).await;
    assert_eq!((&connected["carrier"], &connected["secret_names"]), (&json!("http"), &json!(["token"])));
    let key = connected["webhook_url"].as_str().unwrap().split_once("key=").unwrap().1.to_owned();
    app.hush(&key);
    let read = merchant.http.get("/v1/sms-integration").await.with_status(200).json();
    assert!(!read.to_string().contains(&key), "{read}");
    // A text with everything that could break the JSON around it.
    merchant
        .http
        .put("/v1/message-template", &json!({"body": "{{merchant_name}}: \"pay\"\n\\ {{link}}"}))
        .await
        .with_status(200);

    let order = merchant.opens_an_order("6301").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let texts = sandbox.texts_to(&order.phone).await;
    assert_eq!((texts.len(), &texts[0]["from"]), (1, &json!("Bakery")));
    assert_eq!(texts[0]["body"], merchant.message(&message).await["body"]);

    // The answer was dropped, the report settles it; the gateway cannot be asked.
    sandbox.fails(json!({"service": "sms", "times": 1, "mode": "reset_after", "method": "POST"})).await;
    let message = merchant.sends_again(&link).await;
    merchant.sees_message(&message, "delivered").await;
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 2);

    // Refused, busy, and opted out with the gateway.
    let landline = merchant.opens_an_order_of("6302", "+15005550009").await;
    let to_landline = merchant.makes_a_link(&landline).await;
    let failed = merchant.sends(&to_landline).await;
    let failed = merchant.sees_message(&failed, "failed").await;
    assert_eq!(failed["error"], "The gateway refused the text (invalid_recipient).");
    sandbox.fails(json!({"service": "sms", "times": 1, "mode": "status", "status": 429, "method": "POST"})).await;
    let message = merchant.sends_again(&link).await;
    merchant.sees_message(&message, "delivered").await;

    // Reports need the key of the URL.
    let forged = json!({"id": texts[0]["sid"], "state": "undelivered"});
    let path = format!("/webhooks/sms/{}", merchant.id);
    app.anybody().post(&path, &forged).await.problem(400, "bad_signature");
    app.anybody().post(&format!("{path}?key=wrong"), &forged).await.problem(400, "bad_signature");
    app.anybody().post(&format!("{path}?key={key}"), &json!({"hello": 1})).await.problem(400, "malformed_request");

    // The merchant has entered the URL with its key at the gateway, for buyers' texts.
    sandbox.does("sms/webhook", json!({"url": connected["webhook_url"]})).await;
    sandbox.does("sms/incoming", json!({"from": order.phone, "body": "stop"})).await;
    eventually("the buyer's wish is heeded", async || {
        merchant.conversation_with(&order.phone).await["opted_out_at"].is_string().then_some(())
    })
    .await;
    merchant.asks_to_send(&link).await.problem(422, "opted_out");

    // Without secrets the ones that are there stay; with Twilio they go.
    let mut again = described(&url);
    again.as_object_mut().unwrap().remove("secrets");
    assert_eq!(is_connected(&merchant, &again).await["secret_names"], json!(["token"]));
    let twilio = json!({"account_sid": "AC1", "auth_token": "paylink_demo_sandbox_token", "from": "+12025550100"});
    let connected = is_connected(&merchant, &twilio).await;
    assert_eq!((&connected["carrier"], connected.get("gateway")), (&json!("twilio"), None));
    assert_eq!(merchant.credits().await, (97, 0));
}

async fn a_gateway_on_the_inside_is_not_reached(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let put = async |input: &Value| merchant.http.put("/v1/sms-integration", input).await;
    let field = |problem: Value| problem["errors"][0]["field"].as_str().unwrap().to_owned();
    let plain = described(&format!("{}/sms/gateway/messages", sandbox.url));
    assert_eq!(field(put(&plain).await.problem(422, "invalid_input")), "gateway.url");
    let mut broken = described("https://gateway.example/");
    broken["gateway"]["body"] = json!("{\"to\": \"{{to}}\", \"text\": {{text}}}");
    assert_eq!(field(put(&broken).await.problem(422, "invalid_input")), "gateway.body");
    let mut unknown = described("https://gateway.example/");
    unknown["gateway"]["headers"]["X-Key"] = json!("{{secrets.other}}");
    assert_eq!(field(put(&unknown).await.problem(422, "invalid_input")), "gateway.headers.X-Key");
    assert_eq!(field(put(&json!({"carrier": "pigeon", "from": "x"})).await.problem(422, "invalid_input")), "carrier");

    // An address on the inside, however it is written.
    let port = sandbox.url.rsplit_once(':').unwrap().1;
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "017700000001",
        "10.0.0.5",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[fd00::5]",
    ] {
        let problem = put(&described(&format!("https://{host}:{port}/x"))).await.problem(422, "invalid_input");
        assert!(problem["errors"][0]["reason"].as_str().unwrap().contains("public address"), "{host}: {problem}");
        assert_eq!(field(problem), "gateway.url", "{host}");
    }

    // What only resolves to the inside is found out when it is connected to.
    put(&described(&format!("https://localhost:{port}/sms/gateway/messages"))).await.with_status(200);
    let order = merchant.opens_an_order("6310").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    let failed = merchant.sees_message(&message, "failed").await;
    assert!(failed["error"].as_str().unwrap().contains("not at a public address"), "{failed}");
    assert_eq!(merchant.credits().await, (100, 0));
    assert!(sandbox.requests("sms", "POST", "").await.is_empty());
}
