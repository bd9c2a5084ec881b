//! Stripe and the carrier, and how the merchant is connected to them.

use serde_json::json;

use super::{Cluster, WEBHOOK_SECRET};
use crate::support::{SMS_TOKEN, STRIPE_KEY, eventually};

const SMS_ACCOUNT: &str = "AC00000000000000000000000000000000";

const SMS_NUMBER: &str = "+12025550100";

impl Cluster {
    /// As the merchant does it in the console, and at Stripe and the carrier.
    pub(super) async fn is_connected(&self, url: &str) {
        let (merchant, world) = (&self.merchant, self.world());
        let stripe = json!({"secret_key": STRIPE_KEY, "webhook_secret": WEBHOOK_SECRET});
        merchant.http.put("/v1/stripe-integration", &stripe).await.with_status(202);
        let sms = json!({"account_sid": SMS_ACCOUNT, "auth_token": SMS_TOKEN, "from": SMS_NUMBER});
        merchant.http.put("/v1/sms-integration", &sms).await.with_status(200);
        let endpoint = json!({"url": format!("{url}/webhooks/stripe/{}", merchant.id), "secret": WEBHOOK_SECRET});
        world.does("stripe/webhook_endpoints", endpoint).await;
        world.does("sms/webhook", json!({"url": format!("{url}/webhooks/sms/{}", merchant.id)})).await;
        eventually("Stripe is connected", async || {
            let stripe = merchant.http.get("/v1/stripe-integration").await.with_status(200).json();
            (stripe["status"] == "connected").then_some(())
        })
        .await;
    }
}

pub(super) async fn start_sandbox() -> sandbox::Sandbox {
    let account = sandbox::SmsAccount {
        sid: SMS_ACCOUNT.to_owned(),
        auth_token: SMS_TOKEN.to_owned(),
        number: SMS_NUMBER.to_owned(),
    };
    let options = sandbox::SandboxOptions {
        stripe_keys: vec![sandbox::StripeKey::new(STRIPE_KEY)],
        sms_account: Some(account),
        ..sandbox::SandboxOptions::default()
    };
    sandbox::Sandbox::start(options).await.unwrap()
}
