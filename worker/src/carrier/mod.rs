//! Carriers: the interface that sends a text and its possible results, with one implementation for Twilio's REST API
//! and one for gateways, whose requests merchants describe. Which one an account needs is told in `of_account`.

mod gateway;
pub(crate) mod media;
mod of_account;
mod twilio;

use std::{pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use domain::MessageId;
use entity::message::UndeliveredCredits;

pub(crate) use of_account::Carriers;

use gateway::{GatewayCarrier, GatewayClient};
use twilio::Twilio;

/// The installation's settings for texts.
#[derive(Debug, Clone)]
pub struct SmsOptions {
    /// The API of Twilio or a compatible service, such as `https://api.twilio.com`.
    pub api_base: String,
    /// What happens to the credits of a text that was not delivered.
    pub undelivered: UndeliveredCredits,
    /// Whether gateways may be in private networks and use plain HTTP.
    pub private_gateways: bool,
}

/// A text to send. Without `Debug`, because it holds a phone number and a message.
#[derive(Clone, Copy)]
pub(crate) struct OutgoingText<'a> {
    /// Our id of the text.
    pub(crate) id: MessageId,
    /// The buyer's number in E.164.
    pub(crate) to: &'a str,
    /// The text itself.
    pub(crate) body: &'a str,
    /// The URL for delivery reports, if wanted.
    pub(crate) report_to: Option<&'a str>,
}

/// The future of a call to a carrier.
pub(crate) type Calling<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A carrier that sends texts. No carrier reliably recognises a repeated text, so one that may have been sent is never
/// handed over again.
pub(crate) trait Carrier: Send + Sync {
    /// Hands a text over, once.
    fn send<'a>(&'a self, text: OutgoingText<'a>) -> Calling<'a, Handover>;

    /// The texts sent to this number since `since`; empty if the carrier cannot be asked.
    fn sent_to<'a>(&'a self, to: &'a str, since: DateTime<Utc>) -> Calling<'a, Result<Vec<KnownText>, reqwest::Error>>;

    /// Checks whether the carrier accepts the account.
    fn check_account(&self) -> Calling<'_, AccountCheck>;
}

/// The result of checking an account.
#[derive(Debug)]
pub(crate) enum AccountCheck {
    /// The carrier accepts it.
    Good,
    /// The carrier rejects it, for this reason, which is shown to the merchant.
    Refused(String),
    /// The carrier offers no way to check.
    CannotBeAsked,
    /// The carrier did not answer.
    NoAnswer(NoAnswer),
}

/// Why a carrier did not say whether it accepts an account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// It could not be reached.
    #[error("the carrier could not be reached")]
    Unreached(#[from] reqwest::Error),
    /// It answered with an unrelated status.
    #[error("the carrier answered {0}")]
    Status(reqwest::StatusCode),
}

/// The result of handing a text over.
#[derive(Debug)]
pub(crate) enum Handover {
    /// The carrier accepted it, under this id if it gives one.
    Accepted { id: Option<String> },
    /// The carrier will never send it.
    Refused(CarrierRefusal),
    /// The carrier did not process it, and asks to wait.
    Busy { after: Option<Duration> },
    /// The request was not sent.
    NotSent(NotSent),
    /// The request was sent, and the result is unknown: why, and whether there was no answer or a 5xx. An answer that
    /// cannot be parsed may be the fault of the gateway's description.
    Unknown { why: String, is_down: bool },
}

impl Handover {
    /// Whether the result suggests that the carrier is down.
    pub(crate) const fn means_down(&self) -> bool {
        match self {
            Self::NotSent(_) => true,
            Self::Unknown { is_down, .. } => *is_down,
            Self::Accepted { .. } | Self::Refused(_) | Self::Busy { .. } => false,
        }
    }

    /// The connection failed after the request was sent.
    fn broken_off(error: reqwest::Error) -> Self {
        Self::Unknown { why: error.without_url().to_string(), is_down: true }
    }
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
#[error("the carrier could not be reached")]
pub(crate) struct NotSent(#[from] reqwest::Error);

/// How long a carrier's code is at most, and how many digits a phone number has at least.
const LONGEST_CODE: usize = 40;
const SHORTEST_NUMBER: usize = 7;

/// Why a carrier will never send a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CarrierRefusal {
    /// The reason, which is shown to the merchant.
    pub(crate) reason: String,
    /// The carrier's code, if the reason does not end with it.
    pub(crate) code: Option<u32>,
    /// Whether the buyer has opted out at the carrier.
    pub(crate) opted_out: bool,
}

impl CarrierRefusal {
    /// A refusal for this reason.
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), code: None, opted_out: false }
    }

    /// What of it may be logged.
    pub(crate) fn cause(&self) -> String {
        match self.code {
            Some(code) => format!("the carrier's code {code}"),
            None => without_foreign_words(&self.reason).to_owned(),
        }
    }
}

/// A sentence of ours, which ends with a carrier's words in brackets, for the log: with those words only if they are a
/// code, because others may contain a phone number or the text.
pub(crate) fn without_foreign_words(reason: &str) -> &str {
    let is_code = |words: &str| {
        let is_of_code = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
        let digits = words.chars().filter(char::is_ascii_digit).count();
        words.len() <= LONGEST_CODE && digits < SHORTEST_NUMBER && words.chars().all(is_of_code)
    };
    match reason.split_once(" (") {
        Some((ours, foreign)) if !is_code(foreign.trim_end_matches(['.', ')'])) => ours,
        Some(_) | None => reason,
    }
}

/// A text in the carrier's records.
#[derive(Debug, Clone)]
pub(crate) struct KnownText {
    /// The carrier's id.
    pub(crate) id: String,
    /// The text itself.
    pub(crate) body: String,
    /// When the carrier accepted it, if it says so.
    pub(crate) taken_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::without_foreign_words;

    #[test]
    fn of_a_carriers_words_only_codes_are_logged() {
        for code in ["30005", "NACK/0x0b", "EXPIRED_EXPIRED", "4432"] {
            let reason = format!("The carrier could not deliver the text ({code}).");
            assert_eq!(without_foreign_words(&reason), reason);
        }
        for words in ["+12025550123 is unknown", "12025550123", "https://pay/l/4fK", "Hello, Anna"] {
            let reason = format!("The carrier could not deliver the text ({words}).");
            assert_eq!(without_foreign_words(&reason), "The carrier could not deliver the text");
        }
        assert_eq!(without_foreign_words("This is a landline."), "This is a landline.");
    }
}
