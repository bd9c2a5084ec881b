//! Every kind of job in one declaration: what it does, the name of its queue, its payload and its retry policy.
//! Payloads hold ids and little else. The handlers are in the `worker` crate, one file for each kind.

mod declare;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    BatchId, CreditPurchaseId, LinkId, MerchantId, MessageId, WebhookEndpointId, WebhookEventId, template::Purpose,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::Policy;
use declare::kinds;

pub use declare::{Job, UnknownKind};

kinds! {
    ($)

    /// Checks a link's uploaded invoice, moves it to the store, and enqueues making the link at Stripe.
    StoreInvoice = "store_invoice" {
        /// The link's merchant.
        merchant: MerchantId,
        /// The link the invoice belongs to.
        link: LinkId,
    }
    retried Policy { attempts: Some(10), ..Policy::DEFAULT };

    /// Makes the link at Stripe.
    CreateStripeLink = "create_stripe_link" {
        /// The link's merchant.
        merchant: MerchantId,
        /// The link.
        link: LinkId,
    }
    // After 24 h Stripe may have forgotten the idempotency key; from then on the handler looks the link up instead of
    // making it.
    retried Policy { deadline: Some(TimeDelta::hours(25)), ..Policy::DEFAULT };

    /// Closes the link at Stripe.
    CloseStripeLink = "close_stripe_link" {
        /// The link's merchant.
        merchant: MerchantId,
        /// The link.
        link: LinkId,
        /// Why it is closed.
        reason: CloseReason,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT };

    /// Sends a text message and settles its credits.
    SendSms = "send_sms" {
        /// The merchant who sends it.
        merchant: MerchantId,
        /// The message.
        message: MessageId,
    }
    // After a day the text is no longer useful, and if it may have been sent, a person has to decide.
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Applies a Stripe webhook event.
    ProcessStripeEvent = "process_stripe_event" {
        /// The merchant who received it.
        merchant: MerchantId,
        /// The event.
        event: WebhookEventId,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT }, all in database, of an event;

    /// Applies a delivery report or an incoming text.
    ProcessSmsEvent = "process_sms_event" {
        /// The merchant who received it.
        merchant: MerchantId,
        /// The event.
        event: WebhookEventId,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT }, all in database, of an event;

    /// Downloads a picture attached to a buyer's text.
    FetchPicture = "fetch_picture" {
        /// The merchant to whom it was sent.
        merchant: MerchantId,
        /// The message the picture came with.
        message: MessageId,
        /// The picture's index among the message's attachments.
        position: i64,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Reminds the buyer of an unpaid link.
    Remind = "remind" {
        /// The merchant whose buyers are reminded.
        merchant: MerchantId,
        /// The link.
        link: LinkId,
        /// When the reminder was found to be due, passed in so that the handler does not read a clock.
        as_of: DateTime<Utc>,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Texts a buyer about what happened to a link.
    TellBuyer = "tell_buyer" {
        /// The link's merchant.
        merchant: MerchantId,
        /// The link.
        link: LinkId,
        /// Which text to send.
        purpose: Purpose,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Creates the orders and links of a batch, several rows per attempt.
    RunBatch = "run_batch" {
        /// The batch's merchant.
        merchant: MerchantId,
        /// The batch.
        batch: BatchId,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Closes a link if it is still open, then erases its personal data.
    PurgeLink = "purge_link" {
        /// The link's merchant.
        merchant: MerchantId,
        /// The link.
        link: LinkId,
        /// When the link was found to be due, passed in so that the handler does not read a clock.
        as_of: DateTime<Utc>,
        /// Whether the link is purged early because its buyer is being erased.
        #[serde(default)]
        on_request: bool,
    }
    // No deadline: it has to succeed eventually.
    retried Policy { ceiling: Duration::from_hours(1), ..Policy::DEFAULT };

    /// Checks a merchant's key with Stripe.
    CheckStripeKey = "check_stripe_key" {
        /// The merchant whose account it is.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Checks a merchant's account with the SMS carrier.
    CheckSmsAccount = "check_sms_account" {
        /// The merchant whose account it is.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::minutes(10)), ..Policy::DEFAULT };

    /// Registers our webhook endpoint at Stripe and stores its signing secret.
    RegisterStripeWebhook = "register_stripe_webhook" {
        /// The merchant whose account it is.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Asks Stripe about a link for which no webhook has come for a long time.
    ReconcileLink = "reconcile_link" {
        /// The link's merchant.
        merchant: MerchantId,
        /// The link.
        link: LinkId,
        /// Whether a buyer who may have paid seconds ago is waiting for the answer; then the webhook may still come.
        #[serde(default)]
        buyer_waits: bool,
    }
    // The handler stops trying long before, and leaves it to the next tick.
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// After a restore from backup, lists a merchant's Stripe links that are newer than the backup and imports them
    /// again.
    RecoverStripeLinks = "recover_stripe_links" {
        /// The merchant whose links are looked for.
        merchant: MerchantId,
        /// The time the backup was taken.
        made_since: DateTime<Utc>,
        /// The id at Stripe of the last link that an earlier job has seen.
        #[serde(default)]
        after: Option<String>,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT };

    /// Diagnoses problems with a merchant's Stripe webhooks.
    DiagnoseStripe = "diagnose_stripe" {
        /// The merchant whose account it is.
        merchant: MerchantId,
    }
    // The handler stops trying long before, and leaves it to the next tick.
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Opens the checkout page, at the operator's Stripe, on which a merchant buys credits.
    OpenCreditPurchase = "open_credit_purchase" {
        /// The merchant who buys.
        merchant: MerchantId,
        /// The purchase.
        purchase: CreditPurchaseId,
    }
    // The merchant does not wait longer than this, and Stripe keeps the idempotency key for a day.
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Asks the operator's Stripe for the state of a credit purchase.
    ReconcileCreditPurchase = "reconcile_credit_purchase" {
        /// The merchant who buys.
        merchant: MerchantId,
        /// The purchase.
        purchase: CreditPurchaseId,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT };

    /// Texts a merchant that credits are low.
    TellLowCredit = "tell_low_credit" {
        /// The merchant whose credits are low.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Delivers due webhooks to one of the merchant's endpoints, in order.
    DeliverWebhooks = "deliver_webhooks" {
        /// The endpoint's merchant.
        merchant: MerchantId,
        /// The endpoint.
        endpoint: WebhookEndpointId,
    }
    // Each delivery has its own schedule, so only the database can fail here.
    retried Policy::DEFAULT;

    /// Delivers webhooks to an endpoint that is slow or failed before.
    RetryWebhooks = "retry_webhooks" {
        /// The endpoint's merchant.
        merchant: MerchantId,
        /// The endpoint.
        endpoint: WebhookEndpointId,
    }
    retried Policy::DEFAULT;
}

/// Why a link is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The merchant voided it.
    Void,
    /// It expired.
    Expiry,
    /// The merchant was paid in another way.
    PaidElsewhere,
    /// It is recorded as failed, but Stripe may have made it nevertheless.
    Failure,
}
