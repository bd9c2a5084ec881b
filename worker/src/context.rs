//! The context shared by all job handlers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{Clock, LinkId, MerchantId, MessageId, Secret, Vault};
use entity::{
    Db, Documents,
    sms_integration::{self, SmsIntegration},
    stripe_integration::{self, StripeIntegration},
};
use queue::{JobError, Queue, flow::FlowControl};

use crate::{
    OutboundLimits,
    carrier::{Carriers, SmsOptions},
    details_pdf::DetailsPages,
    outbound::{clients::Clients, service::OutboundService},
    payments::event_groups::EventGroups,
    pdf::PdfReader,
    stripe::Stripe,
    webhook_deliveries::{RenderResource, WebhookClient},
};

/// Everything that job handlers need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// The database.
    pub db: Db,
    /// Enqueues further jobs and notifies Redis of them.
    pub queue: Queue,
    /// The document store.
    pub documents: Documents,
    /// The secret keys.
    pub vault: Arc<Vault>,
    /// The clock.
    pub clock: Clock,
    /// The URL at which buyers, Stripe and carriers reach this installation, without a trailing slash.
    pub public_url: String,
    /// The base URL of Stripe's API, such as `https://api.stripe.com`.
    pub stripe_api_base: String,
    /// The key of the operator's own Stripe account, which sells credits; `None` if credits are not sold.
    pub operator_stripe_key: Option<Secret>,
    /// The settings for texts.
    pub sms: SmsOptions,
    /// Rate limits and circuit breakers for Stripe and the carriers.
    pub flow: FlowControl,
    limits: OutboundLimits,
    /// Checks uploaded invoices.
    pub(crate) pdfs: PdfReader,
    /// Renders details pages for orders without an uploaded invoice.
    pub(crate) details: DetailsPages,
    /// Applies Stripe's events in groups.
    pub(crate) event_groups: EventGroups,
    /// Renders the resources in webhooks.
    pub(crate) resources: Arc<dyn RenderResource>,
    /// Sends webhooks.
    pub(crate) webhooks: WebhookClient,
    /// The carriers of texts.
    pub(crate) carriers: Carriers,
    http: reqwest::Client,
}

/// The parts of a [`JobContext`].
#[derive(Debug)]
pub struct ContextParts {
    /// The database.
    pub db: Db,
    /// The queue.
    pub queue: Queue,
    /// The document store.
    pub documents: Documents,
    /// The secret keys.
    pub vault: Arc<Vault>,
    /// The clock.
    pub clock: Clock,
    /// See [`JobContext::public_url`].
    pub public_url: String,
    /// See [`JobContext::stripe_api_base`].
    pub stripe_api_base: String,
    /// See [`JobContext::operator_stripe_key`].
    pub operator_stripe_key: Option<Secret>,
    /// The settings for texts.
    pub sms: SmsOptions,
    /// The rate limits of external services.
    pub limits: OutboundLimits,
    /// Checks uploaded invoices.
    pub pdfs: PdfReader,
    /// Renders details pages for orders without an uploaded invoice.
    pub details: DetailsPages,
    /// Renders the resources in webhooks.
    pub resources: Arc<dyn RenderResource>,
    /// Whether webhooks may go to private networks and over plain HTTP.
    pub private_webhooks: bool,
}

/// Why the workers cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be made")]
pub struct ContextError(#[source] reqwest::Error);

/// What a merchant must do before the job can continue.
#[derive(Debug, thiserror::Error)]
enum NotConnected {
    #[error("the merchant has no Stripe key")]
    Stripe,
    #[error("the merchant has no SMS carrier")]
    Sms,
}

impl JobContext {
    /// Creates the context with its HTTP clients.
    ///
    /// # Errors
    /// Returns an error if the system has no usable TLS configuration.
    pub fn new(parts: ContextParts) -> Result<Self, ContextError> {
        let ContextParts { db, queue, documents, vault, clock, public_url, stripe_api_base, sms, limits, pdfs, .. } =
            parts;
        let operator_stripe_key = parts.operator_stripe_key;
        let clients = Clients::new().map_err(ContextError)?;
        Ok(Self {
            carriers: Carriers::new(&clients, &sms, Arc::clone(&vault)),
            webhooks: WebhookClient::new(&clients, parts.private_webhooks),
            http: clients.of_services(),
            resources: parts.resources,
            details: parts.details,
            flow: FlowControl::new(queue.queues().clone(), clock.clone()),
            event_groups: EventGroups::new(db.aside(), clock.clone()),
            db,
            queue,
            documents,
            vault,
            clock,
            public_url,
            stripe_api_base,
            operator_stripe_key,
            sms,
            limits,
            pdfs,
        })
    }

    /// Sets how many webhooks to quick endpoints may be in progress at once.
    pub(crate) fn with_webhook_slots(self, slots: usize) -> Self {
        Self { webhooks: self.webhooks.in_slots(slots), ..self }
    }

    /// The current time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The merchant's connection to Stripe, if there is one.
    pub(crate) async fn stripe_integration(&self, merchant: MerchantId) -> Result<Option<StripeIntegration>, JobError> {
        Ok(stripe_integration::find(self.db.pool(), merchant).await?)
    }

    /// The URL of our webhook endpoint for the merchant's Stripe account.
    pub(crate) fn stripe_webhook_url(&self, merchant: MerchantId) -> String {
        format!("{}/webhooks/stripe/{merchant}", self.public_url)
    }

    /// Stripe on behalf of the merchant.
    pub(crate) async fn stripe(&self, merchant: MerchantId) -> Result<Stripe, JobError> {
        let integration = self.stripe_integration(merchant).await?;
        self.stripe_of(&integration.ok_or_else(|| JobError::retry(NotConnected::Stripe))?)
    }

    /// The operator's own Stripe account; `None` if credits are not sold.
    pub(crate) fn operator_stripe(&self) -> Option<Stripe> {
        let key = self.operator_stripe_key.clone()?;
        let service = OutboundService::new(
            self.flow.clone(),
            "stripe".to_owned(),
            MerchantId::from_uuid(uuid::Uuid::nil()),
            self.limits.stripe,
        );
        Some(Stripe::new(self.http.clone(), &self.stripe_api_base, key, service))
    }

    /// Stripe with the key of this connection.
    pub(crate) fn stripe_of(&self, integration: &StripeIntegration) -> Result<Stripe, JobError> {
        let key = integration.secret_key(&self.vault).map_err(JobError::fail)?;
        let service =
            OutboundService::new(self.flow.clone(), "stripe".to_owned(), integration.merchant_id, self.limits.stripe);
        Ok(Stripe::new(self.http.clone(), &self.stripe_api_base, key, service))
    }

    /// Rate-limited access to this account's carrier.
    pub(crate) fn carrier_service(&self, integration: &SmsIntegration) -> OutboundService {
        let (service, merchant) = (self.carriers.service(integration), integration.merchant_id);
        OutboundService::new(self.flow.clone(), service, merchant, self.limits.texts)
    }

    /// The merchant's account with a carrier.
    pub(crate) async fn sms_integration(&self, merchant: MerchantId) -> Result<SmsIntegration, JobError> {
        let integration = sms_integration::find(self.db.pool(), merchant).await?;
        integration.ok_or_else(|| JobError::retry(NotConnected::Sms))
    }

    /// The URL for a carrier's reports on a message. It names the message, so a report settles one whose answer was
    /// lost.
    pub(crate) fn report_url(&self, integration: &SmsIntegration, message: MessageId) -> Result<String, JobError> {
        let url = format!("{}/webhooks/sms/{}?message={message}", self.public_url, integration.merchant_id);
        let secret = integration.report_secret(&self.vault).map_err(JobError::fail)?;
        Ok(secret.map_or_else(|| url.clone(), |secret| format!("{url}&key={}", secret.expose())))
    }

    /// The buyer's page of a link.
    pub(crate) fn buyer_url(&self, link: LinkId) -> String {
        self.vault.buyer_url(&self.public_url, link)
    }
}
