//! Gateways that misbehave: a text is handed over once.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{App, Database, Gateway, Manner, Merchant, eventually, free_port};

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

pub(crate) use with_gateways_on_the_inside;

with_gateways_on_the_inside!(
    a_redirect_is_not_followed,
    an_answer_that_is_too_long_is_not_read_to_its_end,
    a_gateway_that_was_allowed_is_not_reached_once_it_is_not,
    a_gateway_that_is_down_is_left_alone_and_no_attempt_is_lost_to_it,
    a_gateway_that_is_down_for_one_merchant_is_not_for_another,
    answers_that_are_not_understood_do_not_count_as_failures,
    no_template_ends_the_process,
);

pub(crate) fn inside() -> [(&'static str, String); 1] {
    [("PAYLINK_SMS_HTTP_ALLOW_PRIVATE", "true".to_owned())]
}

/// A gateway that says nothing but a code.
pub(crate) fn described(url: &str) -> Value {
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
pub(crate) async fn connects(app: &App, merchant: &Merchant, input: &Value) -> String {
    let connected = merchant.http.put("/v1/sms-integration", input).await.with_status(200).json();
    let url = connected["webhook_url"].as_str().unwrap().to_owned();
    app.hush(url.split_once("key=").unwrap().1);
    url
}

/// A link that is sent to a buyer of its own: the id of the message.
pub(crate) async fn a_text(merchant: &Merchant, number: &str) -> String {
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
    let snoozed_text = merchant.sends(&link).await;
    let job = |jobs: Vec<Value>, message: &str| jobs.into_iter().find(|job| job["payload"]["message"] == message);
    let why = format!("carrier 127.0.0.1:{port} of {} is taken for down", merchant.id);
    let waiting = eventually("the text is put off", async || {
        job(app.operator().jobs("queued").await, &snoozed_text).filter(|job| job["last_error"] == why.as_str())
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
    merchant.sees_message(&snoozed_text, "failed").await;
    assert_eq!((gateway.calls(), merchant.credits().await), (5, (95, 0)));
    let tries = job(app.operator().jobs("done").await, &snoozed_text).unwrap()["attempt"].as_i64();
    assert!(tries <= Some(2), "attempts were lost while it was down: {tries:?}");
    assert!(app.log().contains("the service answers again"));
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
