//! Described gateways that do not behave, or are not who they say: a text is handed over once, and nobody else is believed.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{Answer, App, Database, Gateway, Manner, Merchant, SMS_TOKEN, eventually, free_port, hex};

/// Runs a story where the operator allows gateways on the inside, as all of these are.
macro_rules! with_gateways_on_the_inside {
    ($($story:ident),+ $(,)?) => { $(
        mod $story {
            use super::*;

            #[tokio::test]
            async fn on_sqlite() {
                super::$story(&mut App::start_with(Database::sqlite(), &inside()).await).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                super::$story(&mut App::start_with(Database::postgresql().await, &inside()).await).await;
            }
        }
    )+ };
}

with_gateways_on_the_inside!(
    a_redirect_is_not_followed,
    an_answer_that_is_too_long_is_not_read_to_its_end,
    a_gateway_that_was_allowed_is_not_reached_once_it_is_not,
    a_gateway_that_signs_is_believed_by_its_signature,
    a_changed_secret_key_still_opens_what_a_gateway_is_asked_and_believed_with,
    a_gateway_that_is_down_is_left_alone_and_no_attempt_is_lost_to_it,
);

fn inside() -> [(&'static str, String); 1] {
    [("PAYLINK_SMS_HTTP_ALLOW_PRIVATE", "true".to_owned())]
}

/// A gateway that says nothing but a code.
fn described(url: &str) -> Value {
    json!({
        "carrier": "http",
        "from": "Bakery",
        "gateway": {
            "url": url,
            "headers": {"Content-Type": "application/json"},
            "body": r#"{"to": "{{to}}", "text": "{{text}}", "callback": "{{report_url}}"}"#,
            "code": "/error/code",
            "final_codes": ["bad_number"],
        },
    })
}

/// The merchant connects to this gateway: the URL for its reports.
async fn connects(app: &App, merchant: &Merchant, input: &Value) -> String {
    let connected = merchant.http.put("/v1/sms-integration", input).await.with_status(200).json();
    let url = connected["webhook_url"].as_str().unwrap().to_owned();
    app.hush(url.split_once("key=").unwrap().1);
    url
}

/// A link that is sent to a buyer of its own: the id of the message.
async fn a_text(merchant: &Merchant, number: &str) -> String {
    let order = merchant.opens_an_order(number).await;
    let link = merchant.makes_a_link(&order).await;
    merchant.sends(&link).await
}

/// Nobody knows what became of a text: it is held, never handed over again, and left to a person after a day.
async fn stays_unknown(app: &App, message: &str, gateway: &Gateway) {
    let merchant = app.merchant();
    merchant.sees_message(message, "unknown").await;
    let credits = merchant.credits().await;
    assert_eq!(credits.1, 1, "it is not held");
    // The first look after it, which finds nothing, has come and gone.
    eventually("it was looked for", async || {
        let jobs = app.operator().jobs("queued").await;
        let job = jobs.into_iter().find(|job| job["payload"]["message"] == message)?;
        (job["attempt"].as_i64() >= Some(2)).then_some(())
    })
    .await;
    app.passes(Utc::now() + TimeDelta::days(2));
    assert!(merchant.message(message).await["parked_at"].is_string(), "nobody is asked about it");
    assert_eq!(gateway.calls(), 1, "it was handed over more than once");
    assert_eq!(merchant.credits().await, credits);
    let resolved = app.runs(&["messages", "resolve", message, "--failed", "--reason", "the gateway has none"]);
    assert!(resolved.status.success(), "{resolved:?}");
    assert_eq!(merchant.credits().await, (credits.0 + 1, 0));
}

async fn a_redirect_is_not_followed(app: &mut App) {
    let merchant = app.merchant();
    for (number, status) in [("6501", 302), ("6502", 307), ("6503", 308)] {
        let gateway = Gateway::start(Manner::Redirects(status)).await;
        connects(app, &merchant, &described(&gateway.url)).await;
        let message = a_text(&merchant, number).await;
        stays_unknown(app, &message, &gateway).await;
        assert_eq!(gateway.calls_elsewhere(), 0, "{status} was followed");
    }
    assert_eq!(merchant.credits().await, (100, 0));
}

async fn an_answer_that_is_too_long_is_not_read_to_its_end(app: &mut App) {
    let merchant = app.merchant();
    // That it is refused stands in what is not read: neither that it was sent nor that it was not can be said.
    let at_length = Gateway::start(Manner::RefusesAtLength).await;
    connects(app, &merchant, &described(&at_length.url)).await;
    let message = a_text(&merchant, "6511").await;
    stays_unknown(app, &message, &at_length).await;

    let endless = Gateway::start(Manner::NeverEnds).await;
    connects(app, &merchant, &described(&endless.url)).await;
    let message = a_text(&merchant, "6512").await;
    stays_unknown(app, &message, &endless).await;
    // What is on its way between two sockets counts as taken here; without a limit it would be all that fits in 30 seconds.
    let taken = endless.bytes();
    assert!((64 * 1024..16 * 1024 * 1024).contains(&taken), "{taken} bytes were taken");
}

async fn a_gateway_that_was_allowed_is_not_reached_once_it_is_not(app: &mut App) {
    let merchant = app.merchant();
    let gateway = Gateway::start(Manner::Redirects(307)).await;
    for (number, url) in
        [("6521", gateway.url.clone()), ("6522", gateway.url.replacen("http://127.0.0.1", "https://127.1", 1))]
    {
        app.starts_again_with(&[("PAYLINK_SMS_HTTP_ALLOW_PRIVATE", "true")]).await;
        connects(app, &merchant, &described(&url)).await;

        app.starts_again_with(&[]).await;

        let message = a_text(&merchant, number).await;
        let failed = merchant.sees_message(&message, "failed").await;
        assert!(failed["error"].as_str().unwrap().contains("not at a public address"), "{failed}");
        merchant.http.put("/v1/sms-integration", &described(&url)).await.problem(422, "invalid_input");
    }
    assert_eq!((gateway.calls(), merchant.credits().await), (0, (100, 0)));
}

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
    for (field, wrong) in [("gateway", json!("md5")), ("gateway.signature.secret", json!("hex"))] {
        let mut refused = input.clone();
        refused["gateway"]["signature"]["encoding"] = wrong;
        refused["gateway"]["signature"]["secret"] = json!(if field == "gateway" { "signing" } else { "another" });
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
    assert_eq!(app.says(&["secrets", "rotate"]), "5 sealed anew, 0 under this key already\n");
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

async fn a_gateway_that_is_down_is_left_alone_and_no_attempt_is_lost_to_it(app: &mut App) {
    let merchant = app.merchant();
    let port = free_port();
    connects(app, &merchant, &described(&format!("http://127.0.0.1:{port}/send"))).await;
    let mut messages = Vec::new();
    for number in 6561..6566 {
        messages.push(a_text(&merchant, &number.to_string()).await);
    }
    eventually("the gateway is taken for down", async || app.log().contains("left alone").then_some(())).await;

    let order = merchant.opens_an_order("6566").await;
    let link = merchant.makes_a_link(&order).await;
    let spared = merchant.sends(&link).await;
    let job = |jobs: Vec<Value>, message: &str| jobs.into_iter().find(|job| job["payload"]["message"] == message);
    let why = format!("carrier 127.0.0.1:{port} is taken for down");
    let waiting = eventually("the text is put off", async || {
        job(app.operator().jobs("queued").await, &spared).filter(|job| job["last_error"] == why.as_str())
    })
    .await;
    // Where the machine was slow to come here, it was the probe itself.
    assert!(waiting["attempt"].as_i64().unwrap() <= 1, "{waiting}");
    // One that is not to be sent any more when its turn comes holds up none of the others.
    merchant.voids(&link).await.with_status(202);
    assert_eq!(merchant.credits().await, (94, 6), "what waits is held");

    let gateway = Gateway::start_at(port, Manner::Takes).await;
    for message in &messages {
        merchant.sees_message(message, "sent").await;
    }
    merchant.sees_message(&spared, "failed").await;
    assert_eq!((gateway.calls(), merchant.credits().await), (5, (95, 0)));
    let tries = job(app.operator().jobs("done").await, &spared).unwrap()["attempt"].as_i64();
    assert!(tries <= Some(2), "attempts were lost while it was down: {tries:?}");
    assert!(app.log().contains("the service answers again"));
}
