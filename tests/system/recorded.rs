//! Every request to Stripe of a whole story, as Stripe received it: the exact forms, keys and versions.

use std::collections::HashMap;

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::{App, Invoice, Sandbox, eventually, on_both_databases};

on_both_databases!(a_whole_story_is_told_to_stripe_in_these_words);

const EXPECTED: &str = include_str!("../fixtures/stripe-requests.txt");

async fn a_whole_story_is_told_to_stripe_in_these_words(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let connection = async || merchant.http.get("/v1/stripe-integration").await.with_status(200).json();
    eventually("the key is checked", async || (connection().await["status"] == "connected").then_some(())).await;
    let before = requests(&sandbox).await.len();

    // The endpoint is registered.
    merchant.http.post("/v1/stripe-integration/webhook-endpoint", &json!({})).await.with_status(202);
    eventually("the endpoint is registered", async || {
        (connection().await["webhook_endpoint"]["status"] == "registered").then_some(())
    })
    .await;
    // A link is made, opened, and closed with what is open of it.
    let first = merchant.makes_a_link(&app.order()).await;
    buyer.opens_stripe(&first).await;
    merchant.voids(&first).await.with_status(202);
    merchant.sees(&first.id, "voided").await;
    // The answer to the making of a second one is lost; a day later it is looked up. It is paid before its void.
    let silence = json!({"service": "stripe", "times": 1, "mode": "status_after", "status": 500, "method": "POST"});
    sandbox.fails(silence).await;
    let id = merchant.uploads(&app.order(), &Invoice::default()).await;
    let second = merchant.has_the_link(&id).await;
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.pays(&second).await;
    merchant.voids(&second).await.with_status(202);
    merchant.sees(&second.id, "paid").await;

    let requests = requests(&sandbox).await;
    let mut names = Names::default();
    names.know(&app.hello.merchant_id, "mer_1");
    for (link, name) in [(&first, "token_1"), (&second, "token_2")] {
        names.know(link.url.rsplit('/').next().unwrap(), name);
    }
    let told: Vec<String> = requests[before..].iter().map(|request| names.normal(&as_text(request))).collect();
    let told = told.join("\n").replace(&app.hello.url, "http://paylink");
    assert!(told.trim() == EXPECTED.trim(), "Stripe was told something else:\n{told}");
}

/// Every request so far, but for the doctor's, who comes when it is time: one look at the endpoints follows each
/// registration.
async fn requests(sandbox: &Sandbox) -> Vec<Value> {
    let all = sandbox.knows("requests?service=stripe").await["items"].as_array().unwrap().clone();
    let mut kept: Vec<Value> = Vec::new();
    for request in all {
        let is_list = request["method"] == "GET" && request["path"] == "/v1/webhook_endpoints";
        let is_of_registration =
            kept.last().is_some_and(|last| last["path"] == "/v1/webhook_endpoints" && last["method"] == "POST");
        if !is_list || is_of_registration {
            kept.push(request);
        }
    }
    kept
}

/// A request as it was received, without what differs from machine to machine.
fn as_text(request: &Value) -> String {
    let text = |field: &str| request[field].as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!("{} {}", text("method"), text("path"))];
    if !text("query").is_empty() {
        lines[0] = format!("{}?{}", lines[0], text("query"));
    }
    for header in ["stripe-version", "content-type", "idempotency-key"] {
        if let Some(value) = request["headers"][header].as_str() {
            lines.push(format!("{header}: {value}"));
        }
    }
    let body = text("body");
    lines.extend(form_urlencoded::parse(body.as_bytes()).map(|(name, value)| format!("  {name} = {value}")));
    lines.join("\n") + "\n"
}

/// Ids by the order in which they were seen.
#[derive(Default)]
struct Names {
    known: HashMap<String, String>,
    seen: HashMap<&'static str, usize>,
}

impl Names {
    fn know(&mut self, id: &str, name: &str) {
        self.known.insert(id.to_owned(), name.to_owned());
    }

    /// The text with names for ids: `link_1` for the first link.
    fn normal(&mut self, text: &str) -> String {
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
        let mut normal = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(is_part) {
            normal.push_str(&rest[..start]);
            let word = &rest[start..];
            let end = word.find(|character| !is_part(character)).unwrap_or(word.len());
            normal.push_str(&self.name(&word[..end]));
            rest = &word[end..];
        }
        normal + rest
    }

    fn name(&mut self, word: &str) -> String {
        if let Some(name) = self.known.get(word) {
            return name.clone();
        }
        for prefix in ["plink_", "link_", "cs_test_", "we_", "pi_"] {
            if word.starts_with(prefix) && word.len() > prefix.len() + 12 {
                let seen = self.seen.entry(prefix).or_default();
                *seen += 1;
                let name = format!("{prefix}{seen}");
                self.known.insert(word.to_owned(), name.clone());
                return name;
            }
        }
        word.to_owned()
    }
}
