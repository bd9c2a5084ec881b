//! What gateways report and are told: whom of them is believed, and that nobody else is told a secret.

use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use super::gateways::{a_text, connects, described, inside, with_gateways_on_the_inside};
use crate::support::{Answer, App, Database, Gateway, Manner, SMS_TOKEN, eventually, hex};

with_gateways_on_the_inside!(
    a_gateway_that_signs_is_believed_by_its_signature,
    a_changed_secret_key_still_opens_what_a_gateway_is_asked_and_believed_with,
    what_a_gateway_calls_is_taken_with_get_in_batches_and_once,
    another_host_is_told_no_secret_that_was_given_for_the_first,
);

const SIGNING_KEY: &str = "a_key_that_only_the_gateway_and_the_product_know";

/// A report of the gateway, signed with this key.
async fn reports(app: &App, url: &str, report: &Value, key: &str, prefix: &str) -> Answer {
    let body = report.to_string();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), body.as_bytes());
    let signature = format!("{prefix}{}", hex(tag.as_ref()));
    let http = app.anybody();
    http.ask(http.request(Method::POST, url).header("X-Gateway-Signature", signature).body(body)).await
}

/// The sandbox's gateway, which is said to sign.
async fn of_the_sandbox(app: &App) -> Value {
    let sandbox = app.sandbox();
    app.hush(SIGNING_KEY);
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let mut input = described(&format!("{}/sms/gateway/messages", sandbox.url));
    input["secrets"] = json!({"token": SMS_TOKEN, "signing": SIGNING_KEY});
    input["gateway"]["headers"]["Authorization"] = json!("Bearer {{secrets.token}}");
    input["gateway"]["body"] =
        json!(r#"{"to": "{{to}}", "from": "{{from}}", "text": "{{text}}", "callback": "{{report_url}}"}"#);
    input["gateway"]["id"] = json!("/message/id");
    input["gateway"]["reports"] =
        json!({"id": "/id", "status": "/state", "delivered": ["delivered"], "undelivered": ["failed"]});
    input["gateway"]["signature"] = json!({"header": "X-Gateway-Signature", "encoding": "hex", "secret": "signing"});
    input
}

/// That the first text which the carrier has was delivered.
async fn delivered(app: &App) -> Value {
    json!({"id": app.sandbox().knows("sms/outbox").await["items"][0]["sid"], "state": "delivered"})
}

async fn a_gateway_that_signs_is_believed_by_its_signature(app: &mut App) {
    let (merchant, input) = (app.merchant(), of_the_sandbox(app).await);
    for (field, wrong) in [("gateway.signature.encoding", json!("md5")), ("gateway.signature.secret", json!("hex"))] {
        let mut refused = input.clone();
        refused["gateway"]["signature"]["encoding"] = wrong;
        refused["gateway"]["signature"]["secret"] =
            json!(if field.ends_with("encoding") { "signing" } else { "another" });
        let problem = merchant.http.put("/v1/sms-integration", &refused).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let url = connects(app, &merchant, &input).await;
    let read = merchant.http.get("/v1/sms-integration").await.with_status(200).json();
    assert_eq!(read["gateway"]["signature"], input["gateway"]["signature"]);
    assert!(!app.rows().await.contains(SIGNING_KEY), "the key lies open in the database");

    let message = a_text(&merchant, "6531").await;
    merchant.sees_message(&message, "sent").await;
    let report = delivered(app).await;
    let http = app.anybody();
    http.post(&url, &report).await.problem(400, "bad_signature");
    reports(app, &url, &report, "another key", "").await.problem(400, "bad_signature");
    let without_key = url.split_once('?').unwrap().0;
    reports(app, without_key, &report, SIGNING_KEY, "").await.problem(400, "bad_signature");
    assert_eq!(merchant.message(&message).await["status"], "sent");

    reports(app, &url, &report, SIGNING_KEY, "sha256=").await.with_status(200);
    merchant.sees_message(&message, "delivered").await;
}

async fn a_changed_secret_key_still_opens_what_a_gateway_is_asked_and_believed_with(app: &mut App) {
    let (merchant, input) = (app.merchant(), of_the_sandbox(app).await);
    let url = connects(app, &merchant, &input).await;
    let (old, new) = (app.file("secret.key"), app.says(&["secrets", "generate"]));
    let allowed = ("PAYLINK_SMS_HTTP_ALLOW_PRIVATE", "true");
    let new = ("PAYLINK_SECRET_KEY", new.trim());
    app.starts_again_with(&[allowed, new, ("PAYLINK_PREVIOUS_SECRET_KEYS", old.trim())]).await;
    // The root, a Stripe key, its signing secrets, the gateway's secrets and the key in the URL of its reports.
    let rotated = app.says(&["secrets", "rotate"]);
    assert!(rotated.starts_with("5 sealed anew, 0 under this key already\n"), "{rotated}");
    assert_eq!(app.says(&["secrets", "rotate"]), "0 sealed anew, 5 under this key already\n");

    app.starts_again_with(&[allowed, new]).await;

    // The sandbox has moved; the secrets stay, as they are not given, and so does the URL.
    let mut moved = of_the_sandbox(app).await;
    moved.as_object_mut().unwrap().remove("secrets");
    assert_eq!(connects(app, &merchant, &moved).await, url);
    let message = a_text(&merchant, "6541").await;
    merchant.sees_message(&message, "sent").await;
    reports(app, &url, &delivered(app).await, SIGNING_KEY, "").await.with_status(200);
    merchant.sees_message(&message, "delivered").await;
}

async fn what_a_gateway_calls_is_taken_with_get_in_batches_and_once(app: &mut App) {
    let merchant = app.merchant();
    let gateway = Gateway::start(Manner::Takes).await;
    let mut input = described(&gateway.url);
    input["gateway"]["id"] = json!("/id");
    input["gateway"]["success_codes"] = json!(["200"]);
    input["gateway"]["reports"] =
        json!({"id": "/id", "status": "/status", "delivered": ["delivered"], "undelivered": ["failed"]});
    input["gateway"]["incoming"] = json!({"id": "/id", "from": "/from", "text": "/text"});
    let url = connects(app, &merchant, &input).await;
    let message = a_text(&merchant, "6601").await;
    merchant.sees_message(&message, "sent").await;

    let anybody = app.anybody();
    anybody.get(&format!("{url}&id=g-1&status=delivered&message=Hello")).await.with_status(200);
    merchant.sees_message(&message, "delivered").await;
    anybody
        .get(&format!("{}?id=g-1&status=failed", url.split_once('?').unwrap().0))
        .await
        .problem(400, "bad_signature");

    let buyer = "+12025560199";
    app.hush(buyer);
    for sent_at in ["15:00:00", "15:00:30"] {
        let texts = json!([
            {"id": "x-1", "from": "0012025560199", "text": "One", "status": "received", "sent_at": sent_at},
            {"id": "x-2", "from": "(202) 556-0199", "text": "Two", "status": "received", "sent_at": sent_at},
            {"id": "x-3", "from": "12025560199", "text": "Three", "status": "received", "sent_at": sent_at},
        ]);
        anybody.post(&url, &texts).await.with_status(200);
    }
    let conversation = merchant.conversation_with(buyer).await;
    let path = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    let bodies = async || {
        let all = merchant.http.whole_list(&path, 100).await;
        let mut bodies: Vec<String> =
            all.iter().map(|one| one["body"].as_str().unwrap_or_default().to_owned()).collect();
        bodies.sort();
        bodies
    };
    eventually("every text is there", async || (bodies().await.len() >= 3).then_some(())).await;
    assert_eq!(bodies().await, ["One", "Three", "Two"]);
    anybody.post(&url, &json!([{"id": "x-4"}])).await.problem(400, "malformed_request");
}

async fn another_host_is_told_no_secret_that_was_given_for_the_first(app: &mut App) {
    let merchant = app.merchant();
    let (first, second) = (Gateway::start(Manner::Takes).await, Gateway::start(Manner::Takes).await);
    let with_token = |url: &str, secret: Option<&str>| {
        let mut input = described(url);
        input["gateway"]["headers"]["Authorization"] = json!("Bearer {{secrets.token}}");
        if let Some(secret) = secret {
            input["secrets"] = json!({"token": secret});
        }
        input
    };
    app.hush("the-first-hosts-token");
    connects(app, &merchant, &with_token(&first.url, Some("the-first-hosts-token"))).await;
    // Another path of the same host gets the same answer.
    connects(app, &merchant, &with_token(&format!("{}?v=2", first.url), None)).await;
    let refused = merchant.http.put("/v1/sms-integration", &with_token(&second.url, None)).await;
    let errors = refused.problem(422, "invalid_input")["errors"].clone();
    assert_eq!(errors[0]["field"], "secrets", "{errors}");
    let still = merchant.http.get("/v1/sms-integration").await.json();
    assert_eq!(still["gateway"]["url"], format!("{}?v=2", first.url));

    app.hush("the-second-hosts-token");
    connects(app, &merchant, &with_token(&second.url, Some("the-second-hosts-token"))).await;
    // Where there are none, there is nothing to ask for.
    connects(app, &merchant, &{
        let mut input = described(&first.url);
        input["secrets"] = json!({});
        input
    })
    .await;
    connects(app, &merchant, &described(&second.url)).await;
}
