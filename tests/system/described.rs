//! What the server says about itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{App, on_both_databases};

on_both_databases!(the_server_describes_its_calls, keys_go_in_and_never_come_out);

/// Every call of the contract, and no other.
const CALLS: &[(&str, &str)] = &[
    ("post", "/v1/orders"),
    ("get", "/v1/orders"),
    ("get", "/v1/orders/{id}"),
    ("patch", "/v1/orders/{id}"),
    ("post", "/v1/client-tokens"),
    ("get", "/v1/orders/by-number/{number}"),
    ("put", "/v1/orders/by-number/{number}"),
    ("post", "/v1/orders/{id}/archive"),
    ("post", "/v1/orders/{id}/unarchive"),
    ("get", "/v1/orders/{id}/details.pdf"),
    ("post", "/v1/orders/{id}/payment-links"),
    ("get", "/v1/payment-links"),
    ("get", "/v1/payment-links/{id}"),
    ("patch", "/v1/payment-links/{id}"),
    ("get", "/v1/payment-links/{id}/invoice"),
    ("get", "/v1/payment-links/{id}/invoice.png"),
    ("get", "/v1/payment-links/{id}/evidence.pdf"),
    ("get", "/v1/payment-links/{id}/receipt.pdf"),
    ("post", "/v1/payment-links/{id}/send"),
    ("post", "/v1/payment-links/{id}/void"),
    ("post", "/v1/payment-links/{id}/mark-paid"),
    ("post", "/v1/payment-links/{id}/unmark-paid"),
    ("post", "/v1/orders/{id}/mark-paid"),
    ("get", "/v1/messages/{id}"),
    ("get", "/v1/messages"),
    ("get", "/v1/admin/messages"),
    ("post", "/v1/admin/messages/{id}/resolve"),
    ("get", "/v1/conversations"),
    ("get", "/v1/conversations/{id}/messages"),
    ("get", "/v1/conversations/{id}/timeline"),
    ("post", "/v1/conversations/{id}/preview"),
    ("post", "/v1/conversations/{id}/messages"),
    ("get", "/v1/message-template"),
    ("get", "/v1/batches"),
    ("post", "/v1/batches"),
    ("get", "/v1/batches/{id}"),
    ("get", "/v1/batches/{id}/rows"),
    ("post", "/v1/batches/{id}/start"),
    ("post", "/v1/batches/{id}/cancel"),
    ("post", "/v1/batches/{id}/pause"),
    ("post", "/v1/batches/{id}/resume"),
    ("get", "/v1/conversations/{id}"),
    ("post", "/v1/conversations/{id}/assign"),
    ("post", "/v1/conversations/{id}/close"),
    ("post", "/v1/conversations/{id}/reopen"),
    ("get", "/v1/message-templates"),
    ("get", "/v1/message-templates/{purpose}"),
    ("put", "/v1/message-templates/{purpose}"),
    ("delete", "/v1/message-templates/{purpose}"),
    ("delete", "/v1/messages/{id}"),
    ("put", "/v1/message-template"),
    ("post", "/v1/message-template/preview"),
    ("get", "/v1/credits"),
    ("get", "/v1/credits/entries"),
    ("get", "/v1/credit-packs"),
    ("get", "/v1/credit-purchases"),
    ("post", "/v1/credit-purchases"),
    ("get", "/v1/credit-purchases/{id}"),
    ("patch", "/v1/admin/merchants/{id}"),
    ("post", "/v1/admin/merchants/{id}/credit-corrections"),
    ("get", "/v1/admin/credit-purchases"),
    ("get", "/v1/stripe-integration"),
    ("put", "/v1/stripe-integration"),
    ("delete", "/v1/stripe-integration"),
    ("post", "/v1/stripe-integration/webhook-endpoint"),
    ("post", "/v1/stripe-integration/webhook-secrets"),
    ("delete", "/v1/stripe-integration/webhook-secrets/{last_four}"),
    ("get", "/v1/webhook-events"),
    ("get", "/v1/webhook-events/{id}"),
    ("post", "/v1/webhook-events/{id}/replay"),
    ("get", "/v1/sms-integration"),
    ("put", "/v1/sms-integration"),
    ("delete", "/v1/sms-integration"),
    ("post", "/v1/sms-integration/test"),
    ("get", "/v1/conversations/unread"),
    ("post", "/v1/admin/merchants"),
    ("post", "/v1/admin/merchants/{id}/keys"),
    ("post", "/v1/admin/merchants/{id}/credits"),
    ("get", "/v1/admin/jobs"),
    ("get", "/v1/admin/jobs/{id}"),
    ("get", "/v1/admin/jobs/errors"),
    ("post", "/v1/admin/jobs/retry"),
    ("post", "/v1/admin/jobs/discard"),
    ("get", "/v1/admin/jobs/paused"),
    ("post", "/v1/admin/jobs/pause"),
    ("post", "/v1/admin/jobs/resume"),
    ("post", "/v1/admin/jobs/{id}/retry"),
    ("post", "/v1/admin/jobs/{id}/discard"),
    ("post", "/v1/conversations/{id}/read"),
    ("get", "/v1/merchant"),
    ("patch", "/v1/merchant"),
    ("get", "/v1/merchant/logo"),
    ("put", "/v1/merchant/logo"),
    ("delete", "/v1/merchant/logo"),
    ("get", "/v1/api-keys"),
    ("post", "/v1/api-keys"),
    ("delete", "/v1/api-keys/{id}"),
    ("get", "/v1/people"),
    ("get", "/v1/payment-links/{id}/qr.svg"),
    ("get", "/v1/events"),
    ("get", "/v1/changes"),
    ("get", "/v1/webhook-endpoints"),
    ("post", "/v1/webhook-endpoints"),
    ("get", "/v1/webhook-endpoints/{id}"),
    ("patch", "/v1/webhook-endpoints/{id}"),
    ("delete", "/v1/webhook-endpoints/{id}"),
    ("post", "/v1/webhook-endpoints/{id}/rotate-secret"),
    ("post", "/v1/webhook-endpoints/{id}/test"),
    ("get", "/v1/webhook-endpoints/{id}/deliveries"),
    ("post", "/v1/webhook-endpoints/{id}/deliveries/{delivery}/redeliver"),
    ("post", "/v1/webhook-endpoints/{id}/recover"),
    ("get", "/v1/admin/queues"),
    ("get", "/v1/admin/queues/history"),
    ("get", "/v1/admin/why"),
    ("get", "/v1/admin/merchants"),
    ("get", "/v1/admin/merchants/{id}"),
    ("get", "/v1/audit-log"),
    ("get", "/v1/attention"),
    ("post", "/v1/attention/{id}/resolve"),
    ("get", "/v1/summary"),
    ("get", "/v1/console-sessions"),
    ("delete", "/v1/console-sessions/{id}"),
    ("get", "/v1/admin/audit-log"),
    ("get", "/v1/admin/sessions"),
    ("delete", "/v1/admin/sessions/{id}"),
    ("get", "/v1/admin/merchants/{id}/keys"),
    ("delete", "/v1/admin/merchants/{id}/keys/{key}"),
    ("post", "/v1/admin/merchants/{id}/suspend"),
    ("post", "/v1/admin/merchants/{id}/resume"),
    ("get", "/v1/buyers/{phone}/export"),
    ("delete", "/v1/buyers/{phone}"),
    ("get", "/v1/messages/{id}/pictures/{position}"),
    ("get", "/v1/opt-outs"),
    ("post", "/v1/opt-outs"),
    ("delete", "/v1/opt-outs"),
];

/// The operations of a description, by method and path.
fn operations(described: &Value) -> BTreeSet<(&str, &str)> {
    let paths = described["paths"].as_object().unwrap().iter();
    let methods = paths.flat_map(|(path, calls)| calls.as_object().unwrap().keys().map(move |method| (method, path)));
    methods.map(|(method, path)| (method.as_str(), path.as_str())).collect()
}

async fn the_server_describes_its_calls(app: &mut App) {
    let http = app.anybody();

    let described = http.get("/openapi.json").await.with_status(200).json();
    let calls: BTreeSet<(&str, &str)> = CALLS.iter().copied().collect();
    let told = operations(&described);
    assert_eq!(told.difference(&calls).collect::<Vec<_>>(), [] as [&(&str, &str); 0], "nobody described these");
    assert_eq!(calls.difference(&told).collect::<Vec<_>>(), [] as [&(&str, &str); 0], "these are not described");
    assert_eq!(CALLS.len(), calls.len(), "one is there twice");
    let mut ids = BTreeSet::new();
    for (method, path) in CALLS {
        let operation = &described["paths"][path][method];
        assert!(operation["summary"].is_string(), "{method} {path} has no title");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path} has another's operationId");
        assert!(has_example(operation), "{method} {path} has no example");
        assert!(operation["responses"].get("default").is_none(), "{method} {path} does not say all of its statuses");
    }
    assert!(described["paths"]["/v1/orders"]["post"]["responses"]["201"]["links"]["get_order_by_id"].is_object());
    let page = http.get("/docs").await;
    let page = if page.status == 200 { page } else { http.get("/docs/").await };
    assert!(page.with_status(200).text().contains("<html"), "the description cannot be read");
    assert_eq!(http.get("/healthz").await.with_status(200).text(), "ok\n");
    assert_eq!(
        http.get("/readyz").await.with_status(200).json(),
        json!({"database": "ok", "redis": "ok", "clock": "ok"})
    );
    http.get("/console").await.with_status(200);
    assert_eq!(http.get("/").await.with_status(303).header("location"), "/console");
}

/// Whether an operation shows how it is used: by a body, by an answer, by what is in its path, or, where there is
/// nothing to be shown but a picture or an end, by no more than that.
fn has_example(operation: &Value) -> bool {
    let is_json = |content: &Value| content.get("application/json").is_some();
    let is_shown = |content: &Value| content["application/json"].get("examples").is_some();
    let answers = operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
    let contents = answers.map(|(_, answer)| &answer["content"]).chain([&operation["requestBody"]["content"]]);
    let is_explained = contents.clone().filter(|content| is_json(content)).all(is_shown);
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let in_path = |it: &&Value| it["in"] == "path" && it["schema"].get("example").is_none();
    is_explained && !parameters.clone().any(|it| in_path(&it))
}

/// Every answer of every story is searched for secrets, and every log for more than that; here are the calls in which
/// they would be expected first. See [`crate::support::App`].
async fn keys_go_in_and_never_come_out(app: &mut App) {
    let merchant = app.merchant();

    let stripe = merchant.http.get("/v1/stripe-integration").await.with_status(200).json();
    assert_eq!((&stripe["status"], &stripe["secret_key_last_four"]), (&"connected".into(), &"dbox".into()));
    let secret = &app.hello.webhook_secret;
    assert_eq!(stripe["webhook_secret_last_four"], secret[secret.len() - 4..]);
    let sms = merchant.http.get("/v1/sms-integration").await.with_status(200).json();
    assert_eq!(sms["auth_token_last_four"], "oken");
    app.connects(&merchant).await;
    let wrong = json!({"secret_key": "paylink_demo_sandbox_token", "webhook_secret": app.hello.webhook_secret});
    merchant.http.put("/v1/stripe-integration", &wrong).await.problem(422, "invalid_input");

    let rows = app.rows().await;
    for sealed in ["sk_test_paylink_demo_sandbox", "paylink_demo_sandbox_token", secret, &app.hello.api_key] {
        assert!(!rows.contains(sealed), "{sealed} lies open in the database");
    }
}
