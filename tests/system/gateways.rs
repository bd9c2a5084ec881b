//! Described gateways that misbehave, or are impostors: a text is handed over once, and impostors are not believed.

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
    another_host_is_told_no_secret_that_was_given_for_the_first,
    a_gateway_that_is_down_for_one_merchant_is_not_for_another,
    answers_that_are_not_understood_do_not_count_as_failures,
    no_template_ends_the_process,
    what_a_gateway_calls_is_taken_with_get_in_batches_and_once,
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

/// An unknown text is held, never handed over again, and left to a person after a day.
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
    // What is on its way between two sockets counts as taken here; without a limit it would be all that fits in 30
    // seconds.
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
    let why = format!("carrier 127.0.0.1:{port} of {} is taken for down", merchant.id);
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

async fn a_gateway_that_is_down_for_one_merchant_is_not_for_another(app: &mut App) {
    let (merchant, other) = (app.merchant(), app.operator().makes_a_merchant("A Florist").await);
    app.connects(&other).await;
    app.operator().tops_up(&other, 10).await;
    let port = free_port();
    let input = described(&format!("http://127.0.0.1:{port}/send"));
    connects(app, &merchant, &input).await;
    connects(app, &other, &input).await;
    let mut messages = Vec::new();
    for number in 6571..6576 {
        messages.push(a_text(&merchant, &number.to_string()).await);
    }
    eventually("the gateway is taken for down", async || app.log().contains("left alone").then_some(())).await;

    let gateway = Gateway::start_at(port, Manner::Takes).await;
    let sent = a_text(&other, "6576").await;
    other.sees_message(&sent, "sent").await;

    // Of the one who found it down, nothing may have been tried meanwhile.
    assert!(gateway.calls() >= 1);
    assert_eq!(other.credits().await, (9, 0));
    for message in &messages {
        merchant.sees_message(message, "sent").await;
    }
}

async fn answers_that_are_not_understood_do_not_count_as_failures(app: &mut App) {
    let merchant = app.merchant();
    let mumbling = Gateway::start(Manner::Mumbles).await;
    let mut input = described(&mumbling.url);
    input["gateway"]["id"] = json!("/message/id");
    connects(app, &merchant, &input).await;
    let mut messages = Vec::new();
    for number in 6581..6588 {
        messages.push(a_text(&merchant, &number.to_string()).await);
    }
    for message in &messages {
        merchant.sees_message(message, "unknown").await;
    }
    assert_eq!(mumbling.calls(), messages.len(), "texts were held back");
    assert!(!app.log().contains("left alone"), "it is taken for down");
    for message in &messages {
        let resolved = app.runs(&["messages", "resolve", message, "--sent", "--reason", "the gateway has it"]);
        assert!(resolved.status.success(), "{resolved:?}");
    }
}

/// What handlebars' parser recurses on, as deep as the field allows.
fn nested(length: usize) -> [String; 8] {
    let filled = |opening: &str, piece: &str| {
        let times = (length - opening.len()) / piece.len();
        opening.to_owned() + &piece.repeat(times)
    };
    let closed = length / 2 - 10;
    [
        filled("{{link ", "(a "),
        filled("{{", "("),
        format!("{{{{{}a{}}}}}", "(".repeat(closed), ")".repeat(closed)),
        filled("", "{{#if a}}"),
        filled("{{a ", "["),
        format!("{{{{a {}{}}}}}", "[".repeat(closed), "]".repeat(closed)),
        filled("{{a ", "{'a':"),
        filled("", "{{#>a}}"),
    ]
}

async fn no_template_ends_the_process(app: &mut App) {
    let merchant = app.merchant();
    let reader = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "read").await);
    let order = merchant.opens_an_order("6591").await;
    let link = merchant.makes_a_link(&order).await;
    for template in nested(975) {
        let preview = json!({"body": template});
        reader.http.post("/v1/message-template/preview", &preview).await.problem(422, "bad_template");
        merchant.http.put("/v1/message-template", &preview).await.problem(422, "bad_template");
        let send = format!("/v1/payment-links/{}/send", link.id);
        merchant.http.post(&send, &json!({"template": template})).await.problem(422, "bad_template");
    }
    for template in nested(3_900) {
        let bodies = [("url", format!("https://gateway.example/{template}")), ("body", template.clone())];
        for (field, value) in bodies {
            let mut input = described("https://gateway.example/send");
            input["gateway"][field] = json!(value);
            merchant.http.put("/v1/sms-integration", &input).await.problem(422, "invalid_input");
        }
        let mut input = described("https://gateway.example/send");
        input["gateway"]["headers"]["X-Nested"] = json!(template);
        merchant.http.put("/v1/sms-integration", &input).await.problem(422, "invalid_input");
    }
    app.anybody().get("/readyz").await.with_status(200);
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
