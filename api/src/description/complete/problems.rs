//! The problems that each operation may return, by status.

use serde_json::{Value, json};

/// Problems of all operations.
const ANY: &[(u16, &str)] = &[
    (401, "There is no key, or one that is none."),
    (403, "The key may not do this."),
    (422, "A field or parameter is wrong, or not known."),
    (429, "Too much was asked for; `Retry-After` says when to come again."),
    (500, "Something of ours is broken."),
    (503, "It cannot be done now; `Retry-After` says when to try again."),
];

/// Further problems of operations with a body.
const BODY: &[(u16, &str)] = &[
    (400, "The request cannot be read."),
    (408, "The body did not come in time."),
    (413, "The body is too large."),
    (415, "The body is not of a type that is taken here."),
];

/// Lists an operation's problems in place of the framework's generic ones.
pub(super) fn add(method: &str, path: &str, operation: &mut Value) {
    let mut problems = ANY.to_vec();
    let has_key = operation["parameters"].as_array().into_iter().flatten().any(|it| it["in"] == "header");
    if !operation["requestBody"].is_null() {
        problems.extend(BODY);
    } else if has_key || method != "get" {
        problems.push(BODY[0]);
    }
    let names_merchant = operation["parameters"].as_array().into_iter().flatten().any(|it| it["name"] == "merchant_id");
    if path.contains('{')
        || names_merchant
        || path.contains("integration")
        || path.ends_with("/logo")
        || path.ends_with("preview")
        || (method == "delete" && path.ends_with("/opt-outs"))
    {
        problems.push((404, "There is nothing here, or it is somebody else's."));
    }
    // A receipt exists only once the link is paid, and its address only once it is made.
    if method != "get" || path.ends_with("/receipt.pdf") || path.ends_with("/qr.svg") {
        problems.push((409, "The state of things does not allow it."));
    }
    // Invoices are erased after 90 days, the feed after 30.
    if path.contains("/payment-links/{id}") || path.ends_with("/preview") || path.ends_with("/changes") {
        problems.push((410, "It was erased."));
    }
    let sends = ["/payment-links/", "/conversations/", "/batches", "/sms-integration/"];
    if method == "post" && sends.iter().any(|part| path.contains(part)) {
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
