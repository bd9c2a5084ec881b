//! What every job has at hand.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{
    Clock, Db, Documents, MerchantId, Vault, sms_integration, stripe_integration, stripe_integration::StripeIntegration,
};
use queue::{JobError, Queue};

use crate::{carrier::Twilio, http, stripe::Stripe};

/// What the workers need to run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Work {
    /// The database.
    pub db: Db,
    /// The queue, to ring what jobs promise.
    pub queue: Queue,
    /// The store of invoices.
    pub documents: Documents,
    /// Keys.
    pub vault: Arc<Vault>,
    /// Time.
    pub clock: Clock,
    /// Where buyers, Stripe and carriers reach this installation; without a trailing slash.
    pub public_url: String,
    /// Stripe's API: `https://api.stripe.com`.
    pub stripe_api_base: String,
    /// The carrier's API: `https://api.twilio.com`.
    pub sms_api_base: String,
    http: reqwest::Client,
}

/// Why the workers cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be made")]
pub struct WorkError(#[source] reqwest::Error);

/// What a merchant has to do before a job of theirs can go on.
#[derive(Debug, thiserror::Error)]
enum NotConnected {
    #[error("the merchant has no Stripe key")]
    Stripe,
    #[error("the merchant has no SMS carrier")]
    Sms,
}

impl Work {
    /// The workers' needs, with an HTTP client of their own.
    ///
    /// # Errors
    /// When the system has no usable TLS configuration.
    #[expect(clippy::too_many_arguments, reason = "it is the one place where they come together, each by its name")]
    pub fn new(
        db: Db,
        queue: Queue,
        documents: Documents,
        vault: Arc<Vault>,
        clock: Clock,
        public_url: String,
        stripe_api_base: String,
        sms_api_base: String,
    ) -> Result<Self, WorkError> {
        let http = http::client().map_err(WorkError)?;
        Ok(Self { db, queue, documents, vault, clock, public_url, stripe_api_base, sms_api_base, http })
    }

    /// The time now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The merchant's connection to Stripe, if there is one.
    pub(crate) async fn stripe_integration(&self, merchant: MerchantId) -> Result<Option<StripeIntegration>, JobError> {
        Ok(stripe_integration::find(self.db.pool(), merchant).await?)
    }

    /// Where Stripe tells us of the merchant's payments.
    pub(crate) fn stripe_webhook_url(&self, merchant: MerchantId) -> String {
        format!("{}/webhooks/stripe/{merchant}", self.public_url)
    }

    /// Stripe, in the merchant's name.
    pub(crate) async fn stripe(&self, merchant: MerchantId) -> Result<Stripe, JobError> {
        let integration = self.stripe_integration(merchant).await?;
        self.stripe_of(&integration.ok_or_else(|| JobError::retry(NotConnected::Stripe))?)
    }

    /// Stripe, with the key of this connection.
    pub(crate) fn stripe_of(&self, integration: &StripeIntegration) -> Result<Stripe, JobError> {
        let key = integration.secret_key(&self.vault).map_err(JobError::fail)?;
        Ok(Stripe::new(self.http.clone(), &self.stripe_api_base, key))
    }

    /// The carrier, in the merchant's name.
    pub(crate) async fn carrier(&self, merchant: MerchantId) -> Result<Twilio, JobError> {
        let integration = sms_integration::find(self.db.pool(), merchant).await?;
        let integration = integration.ok_or_else(|| JobError::retry(NotConnected::Sms))?;
        let token = integration.auth_token(&self.vault).map_err(JobError::fail)?;
        let sender = integration.sender;
        Ok(Twilio::new(self.http.clone(), &self.sms_api_base, integration.account, token, sender))
    }
}
