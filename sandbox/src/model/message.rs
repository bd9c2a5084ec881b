//! Messages: texts to and from buyers.

use serde::{Deserialize, Serialize};

use super::table::Row;
use crate::clock::Moment;

/// The status of a text.
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
    /// The carrier's name for it.
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

    /// Statuses only move to a higher rank.
    fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Sent => 2,
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Received => 3,
        }
    }

    /// The next status if nothing goes wrong.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Queued | Self::Sending => Some(Self::Sent),
            Self::Sent => Some(Self::Delivered),
            Self::Delivered | Self::Undelivered | Self::Failed | Self::Received => None,
        }
    }
}

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
    /// Where its reports go.
    pub(crate) callback: Option<String>,
    pub(crate) created_at: Moment,
    pub(crate) sent_at: Option<Moment>,
    pub(crate) updated_at: Moment,
    /// When it moves on automatically.
    pub(crate) next_step_at: Option<Moment>,
    /// Whether it was sent through the JSON gateway.
    #[serde(default)]
    pub(crate) by_gateway: bool,
}

impl Row for Message {
    fn id(&self) -> &str {
        &self.sid
    }
}

impl Message {
    /// The message after it reached `status`. If it is already beyond that, only its next step is cancelled.
    pub(crate) fn reached(self, status: Status, error_code: Option<u32>, now: Moment) -> Self {
        if status.rank() <= self.status.rank() {
            return Self { next_step_at: None, ..self };
        }
        let sent_at = self.sent_at.or((status.rank() >= Status::Sent.rank()).then_some(now));
        Self { status, error_code, sent_at, updated_at: now, next_step_at: None, ..self }
    }
}
