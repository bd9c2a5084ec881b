//! Carriers: what can become of a text that is handed over. Only Twilio's REST as yet.

mod twilio;

use std::time::Duration;

pub(crate) use twilio::Twilio;

/// What the carrier did with a text.
#[derive(Debug)]
pub(crate) enum Handover {
    /// It took it, under this id.
    Accepted { id: String },
    /// It will never send it.
    Refused(Refusal),
    /// It did not process it, and asks to be left alone.
    Busy { after: Option<Duration> },
    /// The request never left.
    NotSent(reqwest::Error),
    /// The request left, and nobody knows what became of it.
    Unknown(String),
}

/// Why a carrier will never send a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// In words for the merchant.
    pub(crate) reason: String,
    /// The buyer has told the carrier to get no more texts.
    pub(crate) opted_out: bool,
}

/// A text that the carrier knows.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Its id.
    pub(crate) id: String,
    /// The text itself.
    pub(crate) body: String,
}
