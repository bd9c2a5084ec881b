//! One trace from the command through its jobs to the world outside, for collectors and in the log.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};

use crate::support::{App, Collector, Database, INVOICE, Invoice, attribute, eventually, hex};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn a_trace_goes_from_the_command_to_the_call_of_stripe_on_sqlite() {
    a_trace_goes_from_the_command_to_the_call_of_stripe(Database::sqlite()).await;
}

#[tokio::test]
async fn a_trace_goes_from_the_command_to_the_call_of_stripe_on_postgresql() {
    a_trace_goes_from_the_command_to_the_call_of_stripe(Database::postgresql().await).await;
}

async fn a_trace_goes_from_the_command_to_the_call_of_stripe(database: Database) {
    let collector = Collector::start().await;
    let app = App::start_apart_with(database, &[("PAYLINK_OTLP_ENDPOINT", collector.url.clone())]).await;
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = merchant.opens_an_order("13001").await;

    let invoice = Invoice { pdf: Some(INVOICE), ..Invoice::default() };
    let command =
        merchant.request_for_a_link(&order, &invoice).header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let answer = merchant.http.ask(command).await.with_status(202);
    let link = merchant.has_the_link(answer.json()["id"].as_str().unwrap()).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    buyer.opens(&link).await.with_status(200);

    let request = collector.receives(TRACE, "POST /v1/orders/:id/payment-links").await;
    let store = collector.receives(TRACE, "store_invoice").await;
    let create = collector.receives(TRACE, "create_stripe_link").await;
    let call = collector.receives(TRACE, "stripe POST").await;
    assert_eq!(hex(&request.parent_span_id), CALLER);
    is_below(&store, &request);
    is_below(&create, &store);
    is_below(&call, &create);
    assert!(began(&request) <= began(&store) && began(&store) <= began(&create) && began(&create) <= began(&call));
    assert_eq!(attribute(&request.attributes, "request.id").as_deref(), Some(answer.header("x-request-id")));
    assert_eq!(attribute(&call.attributes, "http.response.status_code").as_deref(), Some("200"));
    for span in [&request, &store, &create] {
        assert_eq!(attribute(&span.attributes, "merchant.id").as_ref(), Some(&merchant.id));
    }

    // Nothing in it belongs to a buyer or opens anything: not even the page's address is told.
    let told = eventually("the page and the carrier's call are told of", async || {
        let told = collector.dump();
        (told.contains("GET /p/:token") && told.contains("carrier POST")).then_some(told)
    })
    .await;
    assert_eq!(app.anybody().hush().slip_in(&told), None, "a span says what it must not");
}

fn is_below(span: &Span, parent: &Span) {
    assert_eq!(hex(&span.parent_span_id), hex(&parent.span_id), "{} is not below {}", span.name, parent.name);
}

fn began(span: &Span) -> u64 {
    span.start_time_unix_nano
}

#[tokio::test]
async fn what_is_logged_in_a_request_or_a_job_says_in_which() {
    let app = App::start_with(Database::sqlite(), &[("PAYLINK_LOG_FORMAT", "json".to_owned())]).await;
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("13002").await;
    // Only the call that makes the link: other jobs ask Stripe too.
    let call = json!({"service": "stripe", "times": 1, "mode": "status", "status": 500, "method": "POST", "path": "/payment_links"});
    sandbox.fails(call).await;

    let command = merchant.request_for_a_link(&order, &Invoice::default());
    let command = command.header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let answer = merchant.http.ask(command).await.with_status(202);
    merchant.has_the_link(answer.json()["id"].as_str().unwrap()).await;

    // No collector is set, and the trace is the same all the same.
    let request = line(&app, "answered", "/v1/orders/:id/payment-links").await;
    let said = &request["spans"][0];
    assert_eq!(said["request.id"], answer.header("x-request-id"));
    assert_eq!((&said["trace_id"], &said["merchant.id"]), (&TRACE.into(), &merchant.id.as_str().into()));
    assert_eq!((&request["method"], &request["status"]), (&"POST".into(), &202.into()));
    assert!(request["ms"].as_f64().unwrap() > 0.0, "{request}");
    let retried = line(&app, "job will be retried", "create_stripe_link").await;
    let said = &retried["spans"][0];
    assert_eq!((&said["trace_id"], &said["merchant.id"]), (&TRACE.into(), &merchant.id.as_str().into()));
    assert_eq!(said["job.kind"], "create_stripe_link");
    assert!(said["job.id"].as_str().unwrap().starts_with("job_"), "{retried}");

    // A request that brings no trace begins one, which is called like the request.
    let other = merchant.http.post("/v1/orders", &crate::support::order_body("13003", "+12025550177")).await;
    let id = other.header("x-request-id").strip_prefix("req_").unwrap().to_owned();
    let begun = line(&app, "answered", &id).await;
    assert_eq!(begun["spans"][0]["trace_id"], id);
}

/// The line of the log that says this of that. Every line is one object.
async fn line(app: &App, message: &str, about: &str) -> Value {
    eventually(&format!("{message:?} is logged about {about}"), async || {
        let log = app.log();
        let (whole, _) = log.rsplit_once('\n')?;
        let lines = whole
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}")));
        lines.filter(|line| line["message"] == message).find(|line| line.to_string().contains(about))
    })
    .await
}
