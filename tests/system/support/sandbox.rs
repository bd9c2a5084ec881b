//! The world outside, played by the sandbox: Stripe, the carrier, the buyer's bank and phone.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{http, hush::STRIPE_KEY, merchant::Link, wait::eventually};

/// The sandbox's controls.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    client: Client,
    pub(crate) url: String,
}

/// Payment links at Stripe that were created for one of ours.
#[derive(Debug)]
pub(crate) struct AtStripe {
    pub(crate) total: u64,
    pub(crate) live: u64,
    pub(crate) open_sessions: u64,
    pub(crate) paid_sessions: u64,
}

/// All payment links at Stripe, by those of ours for which they were created.
#[derive(Debug)]
pub(crate) struct AllAtStripe(Value);

impl AllAtStripe {
    pub(crate) fn for_link(&self, link: &str) -> AtStripe {
        let number = |name: &str| self.0[link][name].as_u64().unwrap_or_default();
        AtStripe {
            total: number("total"),
            live: number("live"),
            open_sessions: number("open_sessions"),
            paid_sessions: number("paid_sessions"),
        }
    }
}

impl Sandbox {
    pub(crate) fn new(url: &str) -> Self {
        Self { client: http::client(), url: url.to_owned() }
    }

    /// Reads the sandbox's state.
    pub(crate) async fn knows(&self, what: &str) -> Value {
        let response = self.client.get(format!("{}/_control/{what}", self.url)).send().await.unwrap();
        response.error_for_status().unwrap().json().await.unwrap()
    }

    /// Sends the sandbox a command. Returns the status and the answer.
    pub(crate) async fn is_told(&self, what: &str, how: &Value) -> (u16, Value) {
        let response = self.client.post(format!("{}/_control/{what}", self.url)).json(how).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// Sends the sandbox a command that must succeed.
    pub(crate) async fn does(&self, what: &str, how: Value) -> Value {
        let (status, answer) = self.is_told(what, &how).await;
        assert_eq!(status, 200, "the sandbox does not {what} {how}: {answer}");
        answer
    }

    /// The merchant's actions in Stripe's dashboard, through its API.
    pub(crate) async fn at_stripe(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Value {
        let request =
            self.client.request(method.clone(), format!("{}/stripe/v1/{path}", self.url)).bearer_auth(STRIPE_KEY);
        let request = request.header("Stripe-Version", "2026-10-28.endive");
        let request = if form.is_empty() { request } else { request.form(form) };
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer = response.json().await.unwrap_or_default();
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    /// Makes the next calls of a service fail.
    pub(crate) async fn fails(&self, how: Value) {
        self.does("fail", how).await;
    }

    /// The texts that were sent to a number.
    pub(crate) async fn texts_to(&self, phone: &str) -> Vec<Value> {
        let sent = self.knows("sms/outbox").await;
        sent["items"].as_array().unwrap().iter().filter(|text| text["to"] == phone).cloned().collect()
    }

    /// A buyer texts the merchant.
    pub(crate) async fn buyer_texts(&self, phone: &str, body: &str) {
        self.does("sms/incoming", json!({"from": phone, "body": body})).await;
    }

    /// The number of payment links at Stripe for a link of ours.
    pub(crate) async fn links_for(&self, link: &str) -> AtStripe {
        self.all_links().await.for_link(link)
    }

    /// All payment links at Stripe, to ask about many of ours.
    pub(crate) async fn all_links(&self) -> AllAtStripe {
        AllAtStripe(self.knows("counts?key=paylink_link").await["payment_links_by_metadata"].take())
    }

    /// Whether Stripe accepts a payment for this link: the status of the attempt.
    pub(crate) async fn payment_is_tried(&self, link: &Link) -> u16 {
        self.is_told("pay", &json!({"url": link.stripe_url})).await.0
    }

    /// The requests to a service with this method and path.
    pub(crate) async fn requests(&self, service: &str, method: &str, path: &str) -> Vec<Value> {
        let all = self.knows(&format!("requests?service={service}")).await;
        let fits = |request: &&Value| request["method"] == method && request["path"].as_str().unwrap().contains(path);
        all["items"].as_array().unwrap().iter().filter(fits).cloned().collect()
    }

    /// Waits until Stripe and the carrier have sent all their webhooks.
    pub(crate) async fn has_told_everything(&self) -> Value {
        eventually("every webhook is delivered", async || {
            let webhooks = self.knows("counts").await["webhooks"].clone();
            (webhooks["pending"] == 0).then_some(webhooks)
        })
        .await
    }
}
