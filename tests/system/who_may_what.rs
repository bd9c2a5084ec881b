//! Who may call what. The calls are read from `/openapi.json`, so that a new one is covered by itself: reading takes a
//! key of any scope, a change one that may write, and the calls listed here one of scope `admin`.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{App, Browser, Database, Http};

/// What only a key of scope `admin` may do: money's ways, keys, who is signed in, who did what, and what buyers see of
/// the merchant.
const FOR_ADMINISTRATORS: &[&str] = &[
    "GET /v1/api-keys",
    "POST /v1/api-keys",
    "DELETE /v1/api-keys/{id}",
    "DELETE /v1/buyers/{phone}",
    "GET /v1/audit-log",
    "GET /v1/console-sessions",
    "DELETE /v1/console-sessions/{id}",
    "POST /v1/webhook-endpoints",
    "PATCH /v1/webhook-endpoints/{id}",
    "DELETE /v1/webhook-endpoints/{id}",
    "POST /v1/webhook-endpoints/{id}/rotate-secret",
    "PATCH /v1/merchant",
    "POST /v1/payment-links/{id}/unmark-paid",
    "PUT /v1/merchant/logo",
    "DELETE /v1/merchant/logo",
    "PUT /v1/sms-integration",
    "DELETE /v1/sms-integration",
    "PUT /v1/stripe-integration",
    "DELETE /v1/stripe-integration",
    "POST /v1/stripe-integration/webhook-endpoint",
    "POST /v1/stripe-integration/webhook-secrets",
    "DELETE /v1/stripe-integration/webhook-secrets/{last_four}",
];

/// Calls by POST that write nothing.
const READS_BY_POST: &[&str] = &["POST /v1/conversations/{id}/preview", "POST /v1/message-template/preview"];

/// What a key that may only send can do.
const FOR_SENDERS: &[&str] = &["POST /v1/payment-links/{id}/send"];

/// Who may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum For {
    Readers,
    Senders,
    Writers,
    Administrators,
    Operators,
}

impl For {
    /// How a description ends that says so.
    const fn told(self) -> &'static str {
        match self {
            Self::Readers => "Scope: `read`.",
            Self::Senders => "Scope: `send`.",
            Self::Writers => "Scope: `write`.",
            Self::Administrators => "Scope: `admin`.",
            Self::Operators => "",
        }
    }
}

/// A call, as the server describes it.
#[derive(Debug)]
struct Call {
    method: Method,
    /// With `{id}` in it.
    pattern: String,
    takes_body: bool,
    whose: For,
}

impl Call {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.pattern)
    }

    /// Its path, about this thing.
    fn path(&self, id: &str) -> String {
        let parts = self.pattern.split('/').map(|part| if part.starts_with('{') { id } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}

fn calls_of(description: &Value) -> Vec<Call> {
    let mut calls = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let pattern = if path.starts_with("/v1/") { path.clone() } else { format!("/v1{path}") };
            let schemes = operation["security"].as_array().unwrap_or_else(|| panic!("{pattern} needs no key"));
            let has = |scheme: &str| schemes.iter().any(|one| one.get(scheme).is_some());
            assert!(has("operator_key") != has("api_key"), "{pattern}: {schemes:?}");
            let name = format!("{method} {pattern}");
            let whose = if has("operator_key") {
                For::Operators
            } else if FOR_ADMINISTRATORS.contains(&name.as_str()) {
                For::Administrators
            } else if method == Method::GET || READS_BY_POST.contains(&name.as_str()) {
                For::Readers
            } else if FOR_SENDERS.contains(&name.as_str()) {
                For::Senders
            } else {
                For::Writers
            };
            let described = operation["description"].as_str().unwrap_or_default();
            assert!(described.ends_with(whose.told()), "{name} is for {whose:?}: {described}");
            let takes_body = operation.get("requestBody").is_some();
            calls.push(Call { method, pattern, takes_body, whose });
        }
    }
    calls
}

/// Whose things are asked about.
struct Things {
    order: String,
    link: String,
    message: String,
    conversation: String,
}

impl Things {
    /// What `{id}` stands for. A resource that is new has to be made known here.
    fn named_in<'a>(&'a self, pattern: &'a str) -> &'a str {
        match pattern.split('/').nth(2).unwrap() {
            "orders" if pattern.contains("{number}") => "27001",
            "orders" => &self.order,
            "payment-links" => &self.link,
            "messages" => &self.message,
            "conversations" => &self.conversation,
            "buyers" => "+12025550199",
            // What there is of these nobody but an administrator of theirs knows the ids of.
            "api-keys" | "console-sessions" | "webhook-endpoints" | "webhook-events" | "stripe-integration"
            | "admin" | "attention" | "message-templates" | "batches" | "credit-purchases" => "nothing",
            resource if !pattern.contains('{') => resource,
            resource => panic!("what is the id of {resource}?"),
        }
    }
}

/// Asks, and answers the status; what is streamed is not waited for. Each time from another address, so that wrong keys
/// are not slowed.
async fn asks(request: RequestBuilder) -> u16 {
    static ADDRESSES: AtomicU32 = AtomicU32::new(0);
    let [_, a, b, c] = ADDRESSES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let request = request.header("X-Forwarded-For", format!("10.{a}.{b}.{c}"));
    request.send().await.unwrap().status().as_u16()
}

/// The same for a call with an empty body.
async fn calls(who: &Http, call: &Call, id: &str) -> u16 {
    asks(empty(who.request(call.method.clone(), &call.path(id)), call)).await
}

fn empty(request: RequestBuilder, call: &Call) -> RequestBuilder {
    if call.takes_body { request.json(&json!({})) } else { request }
}

/// Whether the caller was let in, whatever the result.
const fn is_let_in(status: u16) -> bool {
    !matches!(status, 401 | 403 | 429)
}

#[tokio::test]
async fn every_call_takes_the_keys_that_it_is_for_and_no_others() {
    let settings =
        [("PAYLINK_TRUSTED_PROXIES", "127.0.0.0/8".to_owned()), ("PAYLINK_REQUESTS_PER_SECOND", "0".to_owned())];
    let app = App::start_with(Database::sqlite(), &settings).await;
    let (merchant, operator, nobody) = (app.merchant(), app.operator(), app.anybody());
    let order = merchant.opens_an_order("27001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let conversation = merchant.conversation_with(&order.phone).await["id"].as_str().unwrap().to_owned();
    let things = Things { order: order.id.clone(), link: link.id.clone(), message, conversation };

    let key = async |scope: &str| nobody.with_key(&operator.makes_a_key(&merchant.id, scope).await);
    let (reader, sender) = (key("read").await, key("send").await);
    let (writer, administrator) = (key("write").await, key("admin").await);
    let revoked = operator.makes_a_key(&merchant.id, "admin").await;
    let keys = merchant.http.get("/v1/api-keys").await.with_status(200).json();
    let last_four = &revoked[revoked.len() - 4..];
    let its_id = keys["items"].as_array().unwrap().iter().find(|key| key["last_four"] == last_four).unwrap();
    let revoke = format!("/v1/api-keys/{}", its_id["id"].as_str().unwrap());
    assert!(asks(merchant.http.request(Method::DELETE, &revoke)).await < 300);
    let strangers = [
        ("nobody", nobody.clone()),
        ("a wrong key", nobody.with_key("pk_00000000000000000000000000000000")),
        ("a revoked key", nobody.with_key(&revoked)),
    ];
    let other = operator.makes_a_merchant("A Florist").await.http;
    let browser = Browser::signs_in(&nobody, &app.hello.api_key).await;
    let operators_browser = Browser::signs_in(&nobody, &app.hello.operator_key).await;

    let description = nobody.get("/openapi.json").await.with_status(200).json();
    let described = calls_of(&description);
    assert!(described.len() > 50, "{} calls are described", described.len());
    let names: BTreeSet<String> = described.iter().map(Call::name).collect();
    for listed in FOR_ADMINISTRATORS.iter().chain(FOR_SENDERS).chain(READS_BY_POST) {
        assert!(names.contains(*listed), "there is no {listed} any more");
    }
    for call in &described {
        let (name, id) = (call.name(), things.named_in(&call.pattern));
        for (who, stranger) in &strangers {
            assert_eq!(calls(stranger, call, id).await, 401, "{name} by {who}");
        }
        // A page of another origin, in a signed-in browser, cannot change anything.
        for (browser, is_operators) in [(&browser, false), (&operators_browser, true)] {
            let status = asks(empty(browser.request(call.method.clone(), &call.path(id)), call)).await;
            if call.method == Method::GET {
                let is_theirs = (call.whose == For::Operators) == is_operators;
                assert_eq!(is_let_in(status), is_theirs, "{name} by a session: {status}");
            } else {
                assert_eq!(status, 403, "{name} by a session from nowhere");
            }
        }
        if call.whose == For::Operators {
            for key in [&reader, &sender, &writer, &administrator, &other] {
                assert_eq!(calls(key, call, id).await, 401, "{name} by a merchant's key");
            }
            let status = calls(&operator.0, call, "nothing").await;
            assert!(is_let_in(status) && status < 500, "{name} by the operator: {status}");
            continue;
        }
        assert_eq!(calls(&operator.0, call, id).await, 401, "{name} by the operator");
        let status = calls(&other, call, id).await;
        if call.pattern.contains('{') {
            let complains_of_the_body = call.takes_body && matches!(status, 400 | 415 | 422);
            assert!(status == 404 || complains_of_the_body, "{name} by another merchant: {status}");
        }
        let keys = [
            (For::Readers, &reader),
            (For::Senders, &sender),
            (For::Writers, &writer),
            (For::Administrators, &administrator),
        ];
        for (scope, key) in keys {
            if scope < call.whose {
                assert_eq!(calls(key, call, id).await, 403, "{name} by {scope:?}");
            } else if call.method != Method::DELETE {
                // What it comes to is for other tests; that there is such a thing would undo what the rest needs.
                let status = calls(key, call, if call.method == Method::GET { id } else { "nothing" }).await;
                assert!(is_let_in(status) && status < 500, "{name} by {scope:?}: {status}");
            }
        }
    }
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
    assert_eq!(merchant.credits().await, (99, 0));
}

/// The names of tests are in backquotes in the last column of the table.
#[test]
fn the_page_on_security_names_tests_that_there_are() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| V"));
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let named: Vec<&str> = last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 40, "{} tests are named", named.len());
    let mut code = String::new();
    let mut folders =
        ["api", "domain", "entity", "fuzz", "queue", "src", "tests", "worker"].map(|name| root.join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    for test in named {
        // One that is told on both databases in a way of its own is a module.
        let is_there = [format!("fn {test}("), format!("mod {test} {{")].iter().any(|begin| code.contains(begin));
        assert!(is_there, "docs/security.md names {test}, and there is no such test");
    }
}
