//! The message: a text to or from a buyer.

use serde::{Deserialize, Serialize};

use super::table::Row;
use crate::clock::Moment;

/// How far a text has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Queued,
    Sending,
    Sent,
    Delivered,
    Undelivered,
    Failed,
    /// From a buyer.
    Received,
}

impl Status {
    /// As the carrier writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Received => "received",
        }
    }

    /// A text goes from a lower rank to a higher one and never back.
    fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Sent => 2,
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Received => 3,
        }
    }

    /// What follows by itself, if nothing goes wrong.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Queued | Self::Sending => Some(Self::Sent),
            Self::Sent => Some(Self::Delivered),
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Received => None,
        }
    }
}

/// Which way a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TextDirection {
    /// To a buyer.
    Outbound,
    /// From a buyer.
    Inbound,
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) sid: String,
    pub(crate) account: String,
    pub(crate) direction: TextDirection,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) messaging_service: Option<String>,
    pub(crate) body: String,
    pub(crate) status: Status,
    pub(crate) error_code: Option<u32>,
    /// Where reports about it go.
    pub(crate) callback: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) sent_at: Option<Moment>,
    pub(crate) updated_at: Moment,
    /// When it moves one step on by itself.
    pub(crate) next_step_at: Option<Moment>,
    /// Whether it went by the gateway that speaks JSON.
    #[serde(default)]
    pub(crate) by_gateway: bool,
}

impl Row for Message {
    fn id(&self) -> &str {
        &self.sid
    }
}

impl Message {
    /// The same message after it reached `status`, or unchanged but for its next step if it is beyond that already.
    pub(crate) fn reached(self, status: Status, error_code: Option<u32>, now: Moment) -> Self {
        if status.rank() <= self.status.rank() {
            return Self { next_step_at: None, ..self };
        }
        let sent_at = self.sent_at.or((status.rank() >= Status::Sent.rank()).then_some(now));
        Self { status, error_code, sent_at, updated_at: now, next_step_at: None, ..self }
    }
}
