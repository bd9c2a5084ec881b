//! Disputes: a buyer's bank demands a payment back.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{scope::StripeScope, table::Row};
use crate::clock::Moment;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    #[default]
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
    Prevented,
}

impl DisputeStatus {
    /// Whether the status is final.
    pub(crate) const fn is_closed(self) -> bool {
        match self {
            Self::WarningClosed | Self::Won | Self::Lost | Self::Prevented => true,
            Self::WarningNeedsResponse | Self::WarningUnderReview | Self::NeedsResponse | Self::UnderReview => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dispute {
    /// `du_…`.
    pub(crate) id: String,
    /// The payment intent's id.
    pub(crate) payment: String,
    pub(crate) charge: String,
    pub(crate) scope: StripeScope,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) reason: String,
    pub(crate) status: DisputeStatus,
    pub(crate) created_at: Moment,
}

impl Row for Dispute {
    fn id(&self) -> &str {
        &self.id
    }
}

/// How long a bank waits for an answer.
const TIME_TO_ANSWER: TimeDelta = TimeDelta::days(9);

impl Dispute {
    /// Until when it can be answered, in seconds since 1970.
    fn due_by(&self) -> i64 {
        (self.created_at + TIME_TO_ANSWER).timestamp()
    }

    /// The representation in the API.
    pub(crate) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "charge": self.charge,
            "created": self.created_at.timestamp(),
            "currency": self.currency,
            "evidence_details": { "due_by": self.due_by(), "has_evidence": false, "past_due": false, "submission_count": 0 },
            "is_charge_refundable": false,
            "livemode": self.scope.livemode,
            "metadata": {},
            "payment_intent": self.payment,
            "reason": self.reason,
            "status": self.status,
        })
    }
}
