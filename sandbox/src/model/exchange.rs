//! Requests to the two services, and what they were answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{fault::Mode, service::Service};
use crate::clock::Moment;

/// A request as it was received, and what it was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// Counted from 0 over both services.
    pub(crate) number: usize,
    pub(crate) service: Service,
    pub(crate) method: String,
    /// As the real service would see it: `/v1/payment_links`.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// By name in lower case. Of `authorization` only the scheme and the last four characters are kept.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) at: Moment,
    /// The fault that struck it.
    pub(crate) fault: Option<Mode>,
    /// Absent while it is under way, and for good if it hung or was reset before the effect. If that was after the
    /// effect: the answer that was kept back.
    pub(crate) answer: Option<LoggedAnswer>,
}

/// What a request was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoggedAnswer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// The answer to a logged request, for the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnsweredExchange {
    /// The request's number.
    pub(crate) number: usize,
    pub(crate) answer: LoggedAnswer,
}
