//! What a carrier tells us, whichever carrier it is: read where it comes in, applied by a job.

use serde::{Deserialize, Serialize};

use crate::MessageId;

/// What a carrier tells us.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SmsEvent {
    /// What became of a text.
    Report {
        /// The carrier's id of the text, if the report says it.
        carrier_id: Option<String>,
        /// Our message, if the URL that we gave the carrier says it.
        message: Option<MessageId>,
        /// How far the text has come.
        progress: Progress,
    },
    /// A buyer's text.
    Text {
        /// The carrier's id of it.
        carrier_id: String,
        /// Whose number it came from, as the carrier writes it.
        from: String,
        /// What it says.
        body: String,
    },
}

/// How far a text has come, by the carrier's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// The carrier has it.
    UnderWay,
    /// It reached the phone.
    Delivered,
    /// It could not be delivered.
    Undelivered {
        /// Why, in words for the merchant.
        why: String,
    },
}

impl std::fmt::Debug for SmsEvent {
    /// Neither a number nor a text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Report { carrier_id, message, progress } => f
                .debug_struct("Report")
                .field("carrier_id", carrier_id)
                .field("message", message)
                .field("progress", progress)
                .finish(),
            Self::Text { carrier_id, .. } => {
                f.debug_struct("Text").field("carrier_id", carrier_id).finish_non_exhaustive()
            }
        }
    }
}
