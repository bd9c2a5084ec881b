//! Nothing that is sent is silently ignored. The calls are read from `/openapi.json`, so that a new one is covered by
//! itself.

use reqwest::{Method, multipart::Form};
use serde_json::{Value, json};

use crate::support::{Answer, App, Database, Http};

/// An operation, as the server describes it.
struct Described<'a> {
    method: Method,
    pattern: &'a str,
    operation: &'a Value,
}

impl Described<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.pattern)
    }

    /// Its path, with an example of each id in it.
    fn path(&self) -> String {
        let parameters = self.operation["parameters"].as_array().into_iter().flatten();
        let mut path = self.pattern.to_owned();
        for parameter in parameters.filter(|parameter| parameter["in"] == "path") {
            let example = parameter["schema"]["example"]
                .as_str()
                .or(parameter["schema"]["enum"][0].as_str())
                .unwrap_or("nothing");
            path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &example.replace('+', "%2B"));
        }
        path
    }

    fn takes(&self, media: &str) -> bool {
        self.operation["requestBody"]["content"].get(media).is_some()
    }

    fn is_for_operators(&self) -> bool {
        self.operation["security"].as_array().unwrap().iter().any(|scheme| scheme.get("operator_key").is_some())
    }
}

fn operations(description: &Value) -> Vec<Described<'_>> {
    let mut operations = Vec::new();
    for (pattern, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Described { method: method.to_uppercase().parse().unwrap(), pattern, operation });
        }
    }
    assert!(operations.len() > 50);
    operations
}

async fn unbounded() -> App {
    App::start_with(Database::sqlite(), &[("PAYLINK_REQUESTS_PER_SECOND", "0".to_owned())]).await
}

/// The field that is reported as unknown.
fn unknown(answer: Answer) -> String {
    answer.problem(422, "unknown_field")["errors"][0]["field"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_call_drops_a_field_or_parameter_that_it_does_not_know() {
    let app = unbounded().await;
    let (merchant, operator) = (app.merchant().http, app.operator().0);
    let description = app.anybody().get("/openapi.json").await.with_status(200).json();
    for call in operations(&description) {
        let who: &Http = if call.is_for_operators() { &operator } else { &merchant };
        let ask = |query: &str| who.request(call.method.clone(), &format!("{}{query}", call.path()));
        let sent = ask("?unheard_of=1");
        let sent = if call.takes("application/json") { sent.json(&json!({})) } else { sent };
        assert_eq!(unknown(who.ask(sent).await), "unheard_of", "{}", call.name());
        if call.takes("application/json") {
            let field = unknown(who.ask(ask("").json(&json!({"unheard_of": "red"}))).await);
            assert_eq!(field, "unheard_of", "{}", call.name());
        }
        if call.takes("multipart/form-data") {
            // The resource in the path must exist, or the form is not read.
            let path = call.path().replace("ord_01936ad7f4c07d0c8e3b5a9f21c4d6e8", &app.hello.order_id);
            let form = who.request(call.method.clone(), &path).multipart(Form::new().text("unheard_of", "red"));
            assert_eq!(unknown(who.ask(form).await), "unheard_of", "{}", call.name());
        }
        if call.operation.get("requestBody").is_none() && call.method != Method::GET {
            assert_eq!(unknown(who.ask(ask("").json(&json!({"unheard_of": "red"}))).await), "body", "{}", call.name());
        }
    }
}

#[tokio::test]
async fn a_method_that_is_not_for_a_path_is_told_which_are() {
    let app = unbounded().await;
    let http = app.anybody();
    let description = http.get("/openapi.json").await.with_status(200).json();
    for (pattern, item) in description["paths"].as_object().unwrap() {
        let methods: Vec<String> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        let path = pattern.replace(['{', '}'], "");
        for wrong in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"] {
            if methods.iter().any(|method| method == wrong) {
                continue;
            }
            let answer = http.ask(http.request(wrong.parse().unwrap(), &path)).await;
            let allowed: Vec<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
            let expected: Vec<String> =
                methods.iter().cloned().chain(methods.contains(&"GET".to_owned()).then(|| "HEAD".to_owned())).collect();
            assert!(
                allowed.len() == expected.len() && expected.iter().all(|method| allowed.contains(method)),
                "{wrong} {pattern}: {allowed:?}"
            );
            assert_eq!(answer.header("cache-control"), "no-store");
            answer.problem(405, "method_not_allowed");
        }
    }
    for (path, allowed) in [
        ("/healthz", "GET, HEAD"),
        ("/console/", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/webhooks/stripe/mer_1", "POST"),
        ("/webhooks/sms/mer_1", "POST, GET, HEAD"),
        ("/p/token/pay", "POST"),
        ("/console/session", "GET, HEAD, POST, DELETE"),
    ] {
        let answer = http.ask(http.request(Method::PUT, path)).await;
        assert_eq!(answer.header("allow"), allowed, "{path}");
        answer.problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn what_is_said_twice_or_in_characters_that_no_text_has_is_refused() {
    let app = unbounded().await;
    let merchant = app.merchant().http;
    for (path, field) in [
        ("/v1/orders?limit=1&limit=2", "limit"),
        ("/v1/orders?q=a&q=b", "q"),
        ("/v1/orders?q=%00", "q"),
        ("/v1/messages?limit=x", "limit"),
        ("/v1/messages?limit=101", "limit"),
        ("/v1/messages?status=lost", "status"),
    ] {
        let problem = merchant.get(path).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{path}");
    }
    let twice =
        merchant.request(Method::POST, "/v1/orders").header("Idempotency-Key", "a").header("Idempotency-Key", "b");
    let problem = merchant.ask(twice.json(&json!({}))).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    // Who is not let in learns nothing of what is wrong.
    app.anybody().get("/v1/orders?colour=red").await.problem(401, "unauthorized");
}
