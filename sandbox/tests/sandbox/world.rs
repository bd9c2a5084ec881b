//! A sandbox with accounts, and a client that calls it as the product would.

use std::path::PathBuf;

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use sandbox::{Sandbox, SandboxOptions, SmsAccount, StripeKey};
use serde_json::{Value, json};

use crate::receiver::Receiver;

pub(crate) const KEY: &str = "sk_test_first";
pub(crate) const OTHER_KEY: &str = "sk_test_other";
pub(crate) const LIVE_KEY: &str = "sk_live_first";
pub(crate) const SID: &str = "AC00000000000000000000000000000000";
pub(crate) const TOKEN: &str = "token-of-the-account";
pub(crate) const NUMBER: &str = "+15550009999";
pub(crate) const BUYER: &str = "+15551230000";
pub(crate) const SECRET: &str = "whsec_of_the_test";

/// The parameters of a link over 129.50 USD that can be paid once.
pub(crate) const LINK: [(&str, &str); 12] = [
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "12950"),
    ("line_items[0][price_data][product_data][name]", "Invoice 7 & more"),
    ("line_items[0][quantity]", "1"),
    ("restrictions[completed_sessions][limit]", "1"),
    ("payment_method_types[0]", "card"),
    ("inactive_message", "This invoice is settled."),
    ("metadata[link_id]", "link_1"),
    ("metadata[merchant_id]", "mer_1"),
    ("payment_intent_data[metadata][link_id]", "link_1"),
    ("after_completion[type]", "redirect"),
    ("after_completion[redirect][url]", "http://127.0.0.1:8080/p/thanks"),
];

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `code` of Stripe's error envelope.
    pub(crate) fn stripe_code(&self) -> Value {
        self.json()["error"]["code"].clone()
    }
}

/// Sends a request and reads the answer.
pub(crate) async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Answer { status, headers, text: answer.text().await? })
}

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_journal(None).await
    }

    pub(crate) async fn with_journal(journal: Option<PathBuf>) -> Self {
        let sms_account =
            Some(SmsAccount { sid: SID.to_owned(), auth_token: TOKEN.to_owned(), number: NUMBER.to_owned() });
        let stripe_keys =
            vec![StripeKey::new(KEY), StripeKey::new(LIVE_KEY), StripeKey::of_account(OTHER_KEY, "acct_other")];
        let options = SandboxOptions { journal, stripe_keys, sms_account, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sandbox, http }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    /// A request to the Stripe API with everything that one needs.
    pub(crate) fn stripe(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.url(&format!("/stripe{path}")));
        request.bearer_auth(KEY).header("Stripe-Version", "2026-10-28.endive")
    }

    pub(crate) async fn stripe_get(&self, path: &str) -> Answer {
        send(self.stripe(Method::GET, path)).await.unwrap()
    }

    pub(crate) async fn stripe_post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        send(self.stripe(Method::POST, path).form(form)).await.unwrap()
    }

    pub(crate) fn stripe_post_with_key(&self, key: &str, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        self.stripe(Method::POST, path).header("Idempotency-Key", key).form(form)
    }

    /// A new payment link.
    pub(crate) async fn link(&self) -> Value {
        let answer = self.stripe_post("/v1/payment_links", &LINK).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// How many payment links there are.
    pub(crate) async fn links(&self) -> usize {
        let counts = send(self.http.get(self.url("/_control/counts"))).await.unwrap().json();
        usize::try_from(counts["payment_links"]["total"].as_u64().unwrap()).unwrap()
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Answer {
        send(self.http.post(self.url(&format!("/_control{path}"))).json(&body)).await.unwrap()
    }

    /// The items of one of the control lists.
    pub(crate) async fn items(&self, path: &str) -> Vec<Value> {
        let answer = send(self.http.get(self.url(&format!("/_control{path}")))).await.unwrap();
        answer.json()["items"].as_array().unwrap().clone()
    }

    /// Has the events that Paylink uses sent to the receiver.
    pub(crate) async fn send_events_to(&self, receiver: &Receiver) {
        let endpoint = json!({ "url": receiver.url, "secret": SECRET });
        assert_eq!(self.control("/stripe/webhook_endpoints", endpoint).await.status, 200);
    }

    pub(crate) fn sms(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.url(&format!("/sms/2010-04-01/Accounts/{SID}{path}"));
        self.http.request(method, url).basic_auth(SID, Some(TOKEN))
    }

    pub(crate) async fn text(&self, form: &[(&str, &str)]) -> Answer {
        send(self.sms(Method::POST, "/Messages.json").form(form)).await.unwrap()
    }
}
