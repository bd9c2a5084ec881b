//! Requests to the two services and their responses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{fault::Mode, service::Service};
use crate::clock::Moment;

/// A received request and its response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// A number counted from 0 over both services.
    pub(crate) number: usize,
    pub(crate) service: Service,
    pub(crate) method: String,
    /// The path at the real service: `/v1/payment_links`.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// By lower-case name. Of `authorization` only the scheme and the last four characters are kept.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) at: Moment,
    /// The fault that hit it.
    pub(crate) fault: Option<Mode>,
    /// `None` while it is in progress, and forever if it hung or was reset before the effect. After the effect, the
    /// response that was withheld.
    pub(crate) answer: Option<LoggedAnswer>,
}

/// A logged response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoggedAnswer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// The response to a logged request, for the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnsweredExchange {
    /// The request's number.
    pub(crate) number: usize,
    pub(crate) answer: LoggedAnswer,
}
