//! Carriers: the interface that sends a text and its possible results, with one implementation for Twilio's REST API and one for described
//! gateways.

mod gateway;
pub(crate) mod media;
mod twilio;

use std::{pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use domain::MessageId;
use entity::message::UndeliveredCredits;

pub(crate) use gateway::{GatewayClient, HttpGateway};
pub(crate) use twilio::Twilio;

/// How texts are sent from this installation.
#[derive(Debug, Clone)]
pub struct SmsOptions {
    /// The API of Twilio, or of another that speaks it: `https://api.twilio.com`.
    pub api_base: String,
    /// What becomes of the credits of a text that could not be delivered.
    pub undelivered: UndeliveredCredits,
    /// Whether gateways that merchants describe may be in private networks, and speak plain HTTP.
    pub private_gateways: bool,
}

/// A text to hand over. No `Debug`: it holds a number and words.
#[derive(Clone, Copy)]
pub(crate) struct OutgoingText<'a> {
    /// Our id of it.
    pub(crate) id: MessageId,
    /// The buyer's number in E.164.
    pub(crate) to: &'a str,
    /// What it says.
    pub(crate) body: &'a str,
    /// Where the carrier is to report, if it is to.
    pub(crate) report_to: Option<&'a str>,
}

/// What a carrier's call will have come to.
pub(crate) type Calling<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that takes texts. No carrier can be trusted to know a text again: what may have left is never handed over twice.
pub(crate) trait Carrier: Send + Sync {
    /// Hands a text over, once.
    fn send<'a>(&'a self, text: OutgoingText<'a>) -> Calling<'a, Handover>;

    /// The texts that it has for this number since `since`; nothing if it cannot be asked.
    fn sent_to<'a>(&'a self, to: &'a str, since: DateTime<Utc>) -> Calling<'a, Result<Vec<KnownText>, reqwest::Error>>;

    /// Whether it takes the account.
    fn check_account(&self) -> Calling<'_, AccountCheck>;
}

/// What a carrier says of an account.
#[derive(Debug)]
pub(crate) enum AccountCheck {
    /// It takes it.
    Good,
    /// It does not, for this reason, in words for the merchant.
    Refused(String),
    /// There is no way to ask.
    CannotBeAsked,
    /// It did not say.
    NoAnswer(NoAnswer),
}

/// A carrier did not say whether it takes an account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// It could not be reached.
    #[error("the carrier could not be reached")]
    Unreached(#[from] reqwest::Error),
    /// It answered something else.
    #[error("the carrier answered {0}")]
    Status(reqwest::StatusCode),
}

/// What the carrier did with a text.
#[derive(Debug)]
pub(crate) enum Handover {
    /// It took it, under this id if it gives any.
    Accepted { id: Option<String> },
    /// It will never send it.
    Refused(CarrierRefusal),
    /// It did not process it, and asks to be left alone.
    Busy { after: Option<Duration> },
    /// The request never left.
    NotSent(NotSent),
    /// The request left, and nobody knows what became of it: this is why, and whether there was no answer, or one with 5xx. An
    /// answer that is not understood may be the fault of who described it.
    Unknown { why: String, is_down: bool },
}

impl Handover {
    /// Whether it is a sign that the carrier is down.
    pub(crate) const fn means_down(&self) -> bool {
        match self {
            Self::NotSent(_) => true,
            Self::Unknown { is_down, .. } => *is_down,
            Self::Accepted { .. } | Self::Refused(_) | Self::Busy { .. } => false,
        }
    }

    /// The exchange broke off after the request had left.
    fn broken_off(error: reqwest::Error) -> Self {
        Self::Unknown { why: error.without_url().to_string(), is_down: true }
    }
}

/// Why a request never left.
#[derive(Debug, thiserror::Error)]
#[error("the carrier could not be reached")]
pub(crate) struct NotSent(#[from] reqwest::Error);

/// Why a carrier will never send a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CarrierRefusal {
    /// In words for the merchant.
    pub(crate) reason: String,
    /// The buyer has told the carrier to get no more texts.
    pub(crate) opted_out: bool,
}

impl CarrierRefusal {
    /// A refusal for this reason.
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), opted_out: false }
    }
}

/// A text that the carrier knows.
#[derive(Debug, Clone)]
pub(crate) struct KnownText {
    /// Its id.
    pub(crate) id: String,
    /// The text itself.
    pub(crate) body: String,
    /// When the carrier took it, if it says so.
    pub(crate) taken_at: Option<DateTime<Utc>>,
}
