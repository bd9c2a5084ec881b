//! The problems that each operation may return, by status.

use serde_json::{Value, json};

/// Problems of all operations.
const ANY: &[(u16, &str)] = &[
    (401, "The key is missing or invalid."),
    (403, "The key's scope is too small, or the merchant is suspended."),
    (422, "A field or parameter is wrong or unknown: `errors` names it."),
    (429, "Too many requests, or a limit is reached; `Retry-After` says when to try again."),
    (500, "An error of the server: tell the operator the `X-Request-Id`."),
    (503, "It cannot be done at the moment; `Retry-After` says when to try again."),
];

/// Further problems of operations with a body.
const BODY: &[(u16, &str)] = &[
    (400, "The request cannot be read."),
    (408, "The body did not arrive in time."),
    (413, "The body is too large."),
    (415, "The body has a type that this call does not take."),
];

/// Lists an operation's problems in place of the framework's generic ones.
pub(super) fn add(method: &str, path: &str, operation: &mut Value) {
    let mut problems = ANY.to_vec();
    let has = |is: fn(&Value) -> bool| operation["parameters"].as_array().into_iter().flatten().any(is);
    let may_be_unreadable = has(|it| it["in"] == "header") || has(|it| it["in"] == "query" && it["required"] == true);
    if !operation["requestBody"].is_null() {
        problems.extend(BODY);
    } else if may_be_unreadable || method != "get" {
        problems.push(BODY[0]);
    }
    let names_merchant = has(|it| it["name"] == "merchant_id");
    if path.contains('{')
        || names_merchant
        || path.contains("integration")
        || path.ends_with("/logo")
        || path.ends_with("preview")
        || (method == "delete" && path.ends_with("/opt-outs"))
    {
        problems.push((404, "It does not exist, or belongs to another merchant."));
    }
    // A receipt exists only once the link is paid, and its address only once it is made.
    if method != "get" || path.ends_with("/receipt.pdf") || path.ends_with("/qr.svg") {
        problems.push((409, "The current state does not allow it: `code` says why."));
    }
    // Invoices are erased after 90 days, the feed after 30.
    if path.contains("/payment-links/{id}") || path.ends_with("/preview") || path.ends_with("/changes") {
        problems.push((410, "It was erased."));
    }
    let sends =
        ["/payment-links/{id}/send", "/conversations/{id}/messages", "/batches/{id}/start", "/sms-integration/test"];
    if method == "post" && sends.iter().any(|call| path.ends_with(call)) {
        problems.push((402, "There are not enough credits."));
    }
    operation.as_object_mut().map(|it| it.entry("responses").or_insert_with(|| json!({})));
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    responses.remove("default");
    for (status, description) in problems {
        let mut response = json!({
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        });
        if matches!(status, 429 | 503) {
            response["headers"] = json!({"Retry-After": {
                "description": "In how many seconds to try again.", "schema": {"type": "integer", "minimum": 0}}});
        }
        responses.entry(status.to_string()).or_insert(response);
    }
}
