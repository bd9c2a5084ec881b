//! An order to fail.

use serde::{Deserialize, Serialize};

use super::service::Service;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Nothing happens and the answer is a failure.
    Status,
    /// It happens, and the answer is a failure.
    StatusAfter,
    /// Nothing happens and no answer comes.
    Hang,
    /// It happens, and no answer comes.
    HangAfter,
    /// Nothing happens and the connection is closed without an answer.
    Reset,
    /// It happens, and the connection is closed without an answer.
    ResetAfter,
}

/// An order to fail, as `POST /_control/fail` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) service: Service,
    /// How many calls fail; 0 withdraws every order of the service.
    pub(crate) times: u32,
    pub(crate) mode: Mode,
    /// The HTTP status of the failure; 500 if absent.
    pub(crate) status: Option<u16>,
    /// Seconds, for a `Retry-After` header.
    pub(crate) retry_after: Option<u32>,
    /// For a `Stripe-Should-Retry` header.
    pub(crate) should_retry: Option<bool>,
    /// Only calls whose path (with the service's prefix and the query) contains this.
    pub(crate) path: Option<String>,
    /// Only calls with this method.
    pub(crate) method: Option<String>,
}
