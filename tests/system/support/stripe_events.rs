//! Stripe's events, made and signed here, so that a test controls their order.

use reqwest::Method;
use serde_json::{Value, json};

use super::{App, http::Answer, sign};

/// An event, which can be sent repeatedly.
#[derive(Clone, Debug)]
pub(crate) struct StripeEvent(Value);

impl StripeEvent {
    /// An event about a checkout session of this link.
    pub(crate) fn about_session(kind: &str, link: &str, session: &str, payment_status: &str) -> Self {
        let object = json!({
            "id": session, "object": "checkout.session", "payment_link": null, "payment_intent": format!("pi_{session}"),
            "payment_status": payment_status, "amount_total": 12_950, "currency": "usd", "livemode": false,
            "metadata": {"paylink_link": link},
        });
        Self::of(kind, session, &object)
    }

    /// The total refunded so far of the payment of this session.
    pub(crate) fn refund(link: &str, session: &str, so_far: i64) -> Self {
        let object = json!({
            "id": format!("ch_{session}"), "object": "charge", "payment_intent": format!("pi_{session}"),
            "amount_refunded": so_far, "currency": "usd", "metadata": {"paylink_link": link},
        });
        Self::of("charge.refunded", &format!("{session}_{so_far}"), &object)
    }

    /// A refund of the payment of this session, in its current state.
    pub(crate) fn refund_object(kind: &str, session: &str, (id, amount, status): (&str, i64, &str)) -> Self {
        let object = json!({
            "id": id, "object": "refund", "payment_intent": format!("pi_{session}"), "charge": format!("ch_{session}"),
            "amount": amount, "currency": "usd", "status": status, "created": 1_780_000_000, "metadata": {},
        });
        Self::of(kind, &format!("{id}_{status}"), &object)
    }

    /// An event of the merchant's other software, or of a special kind.
    pub(crate) fn other(event: Value) -> Self {
        Self(event)
    }

    /// The same, sent this many seconds later.
    pub(crate) fn later(mut self, seconds: i64) -> Self {
        self.0["created"] = json!(1_780_000_000 + seconds);
        self.0["id"] = json!(format!("{}_{seconds}", self.0["id"].as_str().unwrap()));
        self
    }

    /// A dispute of the payment of this session.
    pub(crate) fn dispute(kind: &str, session: &str, status: &str) -> Self {
        let object = json!({
            "id": format!("du_{session}"), "object": "dispute", "payment_intent": format!("pi_{session}"),
            "reason": "fraudulent", "status": status, "created": 1_780_000_000,
        });
        Self::of(&format!("charge.dispute.{kind}"), session, &object)
    }

    /// The same with another value in its object.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.0["data"]["object"][field] = value;
        self
    }

    fn of(kind: &str, about: &str, object: &Value) -> Self {
        Self(json!({
            "id": format!("evt_{kind}_{about}"), "object": "event", "type": kind, "livemode": object["livemode"],
            "created": 1_780_000_000, "data": {"object": object},
        }))
    }
}

impl App {
    /// Sends it to the demo's merchant as Stripe would.
    pub(crate) async fn is_told(&self, event: &StripeEvent) -> Answer {
        let body = event.0.to_string();
        let now = chrono::Utc::now().timestamp();
        let signature = sign(&self.hello.webhook_secret, now, &body);
        let http = self.anybody();
        let request = http.request(Method::POST, &format!("/webhooks/stripe/{}", self.hello.merchant_id));
        http.ask(request.header("Stripe-Signature", signature).body(body)).await
    }
}
