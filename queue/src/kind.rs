//! The kinds of jobs. A kind's name is the name of its queue.

use std::{fmt, str::FromStr};

/// A kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Looks at an uploaded invoice and moves it to the store.
    StoreInvoice,
    /// Makes the link at Stripe.
    CreateStripeLink,
    /// Closes the link at Stripe, for void and expiry.
    CloseStripeLink,
    /// Sends a text.
    SendSms,
    /// Applies one of Stripe's webhook events.
    ProcessStripeEvent,
    /// Applies a delivery report or an incoming text.
    ProcessSmsEvent,
    /// Reminds the buyer of an unpaid link.
    Remind,
    /// Erases what is older than 90 days.
    PurgeLink,
    /// Asks Stripe whether it takes a merchant's key.
    CheckStripeKey,
    /// Registers our webhook endpoint at Stripe.
    RegisterStripeWebhook,
    /// Asks Stripe what became of a link.
    ReconcileLink,
    /// Finds out what is the matter with a merchant's webhooks.
    DiagnoseStripe,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::StoreInvoice,
        Self::CreateStripeLink,
        Self::CloseStripeLink,
        Self::SendSms,
        Self::ProcessStripeEvent,
        Self::ProcessSmsEvent,
        Self::Remind,
        Self::PurgeLink,
        Self::CheckStripeKey,
        Self::RegisterStripeWebhook,
        Self::ReconcileLink,
        Self::DiagnoseStripe,
    ];

    /// Its name: in the `job` table, in Redis' keys, in logs and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StoreInvoice => "store_invoice",
            Self::CreateStripeLink => "create_stripe_link",
            Self::CloseStripeLink => "close_stripe_link",
            Self::SendSms => "send_sms",
            Self::ProcessStripeEvent => "process_stripe_event",
            Self::ProcessSmsEvent => "process_sms_event",
            Self::Remind => "remind",
            Self::PurgeLink => "purge_link",
            Self::CheckStripeKey => "check_stripe_key",
            Self::RegisterStripeWebhook => "register_stripe_webhook",
            Self::ReconcileLink => "reconcile_link",
            Self::DiagnoseStripe => "diagnose_stripe",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no kind of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind of job called {0:?}")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}
