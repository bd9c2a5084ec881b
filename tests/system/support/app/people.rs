//! The people who use the app, and their accounts at Stripe and the carrier.

use serde_json::json;

use super::super::{
    buyer::Buyer,
    http::Http,
    hush::{SMS_TOKEN, STRIPE_KEY},
    merchant::{Merchant, Order, with_key},
    operator::Operator,
    sandbox::Sandbox,
    wait::eventually,
};
use super::App;

impl App {
    /// The same person at another of its processes.
    pub(crate) fn at_port(&self, port: u16) -> Http {
        Http::new(&format!("http://127.0.0.1:{port}"), &self.hush)
    }

    /// A client without a key.
    pub(crate) fn anybody(&self) -> Http {
        Http::new(&self.hello.url, &self.hush)
    }

    /// The demo's merchant.
    pub(crate) fn merchant(&self) -> Merchant {
        with_key(&self.anybody(), &self.hello.merchant_id, &self.hello.api_key)
    }

    /// The demo's order.
    pub(crate) fn order(&self) -> Order {
        self.hush.private("+12025550123");
        Order { id: self.hello.order_id.clone(), phone: "+12025550123".to_owned() }
    }

    pub(crate) fn buyer(&self) -> Buyer {
        Buyer { browser: self.anybody(), sandbox: self.sandbox() }
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator(self.anybody().with_key(&self.hello.operator_key))
    }

    pub(crate) fn sandbox(&self) -> Sandbox {
        Sandbox::new(&self.hello.sandbox_url)
    }

    /// Connects a merchant to the sandbox's Stripe and carrier, with the accounts of the demo.
    pub(crate) async fn connects(&self, merchant: &Merchant) {
        let stripe = json!({"secret_key": STRIPE_KEY, "webhook_secret": self.hello.webhook_secret});
        merchant.http.put("/v1/stripe-integration", &stripe).await.with_status(202);
        let carrier = self.merchant().http.get("/v1/sms-integration").await.with_status(200).json();
        let sms = json!({"account_sid": carrier["account_sid"], "auth_token": SMS_TOKEN, "from": carrier["from"]});
        merchant.http.put("/v1/sms-integration", &sms).await.with_status(200);
        eventually("Stripe is connected", async || {
            let stripe = merchant.http.get("/v1/stripe-integration").await.with_status(200).json();
            (stripe["status"] == "connected").then_some(())
        })
        .await;
    }
}
