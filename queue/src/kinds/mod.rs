//! All kinds of jobs, each in one declaration: what it does, its queue, its payload, and its retry policy. Payloads contain only ids. The
//! work itself is in `worker`, in one file per kind.

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
    /// Looks at a link's upload, moves it to the store, then has the link made at Stripe.
    StoreInvoice = "store_invoice" {
        /// Whose.
        merchant: MerchantId,
        /// Which link's.
        link: LinkId,
    }
    retried Policy { attempts: Some(10), ..Policy::DEFAULT };

    /// Makes the link at Stripe.
    CreateStripeLink = "create_stripe_link" {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
    }
    // Past 24 h Stripe may have forgotten the idempotency key; the handler then looks the link up instead of making it.
    retried Policy { deadline: Some(TimeDelta::hours(25)), ..Policy::DEFAULT };

    /// Closes the link at Stripe.
    CloseStripeLink = "close_stripe_link" {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// Why.
        reason: CloseReason,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT };

    /// Sends a text and settles its credits.
    SendSms = "send_sms" {
        /// Whose.
        merchant: MerchantId,
        /// Which message.
        message: MessageId,
    }
    // After a day nobody wants the text any more, and one that may have left is a person's to settle.
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Applies one of Stripe's webhook events.
    ProcessStripeEvent = "process_stripe_event" {
        /// The merchant who received it.
        merchant: MerchantId,
        /// Which event.
        event: WebhookEventId,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT }, all in database;

    /// Applies a delivery report or an incoming text.
    ProcessSmsEvent = "process_sms_event" {
        /// The merchant who received it.
        merchant: MerchantId,
        /// Which event.
        event: WebhookEventId,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT }, all in database;

    /// Fetches a picture that came with a buyer's text.
    FetchPicture = "fetch_picture" {
        /// Whose.
        merchant: MerchantId,
        /// The text that it came with.
        message: MessageId,
        /// Which of the text's pictures.
        position: i64,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Reminds the buyer of an unpaid link.
    Remind = "remind" {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// The time at which the reminder was found to be due: time is an argument.
        as_of: DateTime<Utc>,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Texts a buyer what became of a link.
    TellBuyer = "tell_buyer" {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// What became of it.
        purpose: Purpose,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Makes the orders and links of a batch, some rows at a time.
    RunBatch = "run_batch" {
        /// Whose.
        merchant: MerchantId,
        /// Which batch.
        batch: BatchId,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Closes a link that is still open, then erases what it held.
    PurgeLink = "purge_link" {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// The time at which the link was found to be due: time is an argument.
        as_of: DateTime<Utc>,
        /// Whether it goes before its time, because its buyer is erased.
        #[serde(default)]
        on_request: bool,
    }
    // Until it is done: nothing may be left.
    retried Policy { ceiling: Duration::from_hours(1), ..Policy::DEFAULT };

    /// Asks Stripe whether it takes a merchant's key.
    CheckStripeKey = "check_stripe_key" {
        /// Whose.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Asks a carrier whether it takes a merchant's account.
    CheckSmsAccount = "check_sms_account" {
        /// Whose.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::minutes(10)), ..Policy::DEFAULT };

    /// Registers our webhook endpoint at Stripe and keeps its signing secret.
    RegisterStripeWebhook = "register_stripe_webhook" {
        /// Whose.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Asks Stripe what became of a link about which no webhook has come for long.
    ReconcileLink = "reconcile_link" {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// Whether it is the buyer who waits for the answer, seconds after they may have paid: then a webhook may still come.
        #[serde(default)]
        buyer_waits: bool,
    }
    // The handler leaves it to the next tick long before.
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Asks a merchant's Stripe for links that were made after the time to which the installation was restored, and takes them back in.
    RecoverStripeLinks = "recover_stripe_links" {
        /// Whose.
        merchant: MerchantId,
        /// The time to which it was restored.
        made_since: DateTime<Utc>,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT };

    /// Finds out what is the matter with a merchant's webhooks, if anything.
    DiagnoseStripe = "diagnose_stripe" {
        /// Whose.
        merchant: MerchantId,
    }
    // The handler leaves it to the next tick long before.
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Makes the page at the operator's Stripe on which a merchant pays for credits.
    OpenCreditPurchase = "open_credit_purchase" {
        /// Who buys.
        merchant: MerchantId,
        /// Which purchase.
        purchase: CreditPurchaseId,
    }
    // Nobody waits longer for it, and Stripe remembers the idempotency key for a day.
    retried Policy { deadline: Some(TimeDelta::hours(1)), ..Policy::DEFAULT };

    /// Asks the operator's Stripe how a purchase of credits stands.
    ReconcileCreditPurchase = "reconcile_credit_purchase" {
        /// Who buys.
        merchant: MerchantId,
        /// Which purchase.
        purchase: CreditPurchaseId,
    }
    retried Policy { deadline: Some(TimeDelta::days(3)), ..Policy::DEFAULT };

    /// Tells a merchant by a text that credits are low.
    TellLowCredit = "tell_low_credit" {
        /// Whom.
        merchant: MerchantId,
    }
    retried Policy { deadline: Some(TimeDelta::days(1)), ..Policy::DEFAULT };

    /// Delivers webhooks to an endpoint of the merchant's: what is due, in its order.
    DeliverWebhooks = "deliver_webhooks" {
        /// Whose.
        merchant: MerchantId,
        /// Where they go to.
        endpoint: WebhookEndpointId,
    }
    // Each delivery has a schedule of its own: what fails here is the database.
    retried Policy::DEFAULT;

    /// The same, to an endpoint that is slow or did not take what came before.
    RetryWebhooks = "retry_webhooks" {
        /// Whose.
        merchant: MerchantId,
        /// Where they go to.
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
    /// Its time is over.
    Expiry,
    /// The merchant got the money in another way.
    PaidElsewhere,
    /// It counts as one that could not be made, but Stripe may have made it all the same.
    Failure,
}
