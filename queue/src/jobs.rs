//! The payloads: ids, and no more. What is done with them is `worker`'s.

use chrono::{DateTime, Utc};
use domain::{LinkId, MerchantId, MessageId, WebhookEventId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Kind;

/// A payload, and the queue it goes to.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The kind of job, and so the name of its queue.
    const KIND: Kind;
}

macro_rules! jobs {
    ($( $(#[$meta:meta])* $name:ident { $( $(#[$field_meta:meta])* $field:ident: $type:ty ),+ $(,)? } )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type ),+
        }

        impl Job for $name {
            const KIND: Kind = Kind::$name;
        }
    )+ };
}

jobs! {
    /// Looks at a link's upload, moves it to the store, then has the link made at Stripe.
    StoreInvoice {
        /// Whose.
        merchant: MerchantId,
        /// Which link's.
        link: LinkId,
    }

    /// Makes the link at Stripe.
    CreateStripeLink {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
    }

    /// Closes the link at Stripe.
    CloseStripeLink {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// Why.
        reason: CloseReason,
    }

    /// Sends a text and settles its credits.
    SendSms {
        /// Whose.
        merchant: MerchantId,
        /// Which message.
        message: MessageId,
    }

    /// Applies one of Stripe's webhook events.
    ProcessStripeEvent {
        /// To whom it was told.
        merchant: MerchantId,
        /// Which event.
        event: WebhookEventId,
    }

    /// Applies a delivery report or an incoming text.
    ProcessSmsEvent {
        /// To whom it was told.
        merchant: MerchantId,
        /// Which event.
        event: WebhookEventId,
    }

    /// Reminds the buyer of an unpaid link.
    Remind {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// The time at which the reminder was found to be due: time is an argument.
        as_of: DateTime<Utc>,
    }

    /// Closes a link that is still open, then erases what it held.
    PurgeLink {
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

    /// Asks Stripe whether it takes a merchant's key.
    CheckStripeKey {
        /// Whose.
        merchant: MerchantId,
    }

    /// Registers our webhook endpoint at Stripe and keeps its signing secret.
    RegisterStripeWebhook {
        /// Whose.
        merchant: MerchantId,
    }

    /// Asks Stripe what became of a link of which no webhook has told for long.
    ReconcileLink {
        /// Whose.
        merchant: MerchantId,
        /// Which link.
        link: LinkId,
        /// Whether it is the buyer who waits for the answer, seconds after they may have paid: then a webhook may still tell of it.
        #[serde(default)]
        buyer_waits: bool,
    }

    /// Finds out what is the matter with a merchant's webhooks, if anything.
    DiagnoseStripe {
        /// Whose.
        merchant: MerchantId,
    }
}

/// Why a link is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The merchant voided it.
    Void,
    /// Its time is over.
    Expiry,
    /// It counts as one that could not be made, but Stripe may have made it all the same.
    Failure,
}
