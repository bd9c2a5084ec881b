//! Faults, as ordered.

use serde::{Deserialize, Serialize};

use super::service::Service;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// No effect, and an error response.
    Status,
    /// The effect, but an error response.
    StatusAfter,
    /// No effect and no response.
    Hang,
    /// The effect, but no response.
    HangAfter,
    /// No effect, and the connection is closed without a response.
    Reset,
    /// The effect, but the connection is closed without a response.
    ResetAfter,
}

/// A fault, as in `POST /_control/fail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) service: Service,
    /// How many calls fail; 0 cancels every fault of the service.
    pub(crate) times: u32,
    pub(crate) mode: Mode,
    /// The HTTP status of the failure; 500 if omitted.
    pub(crate) status: Option<u16>,
    /// The `Retry-After` header, in seconds.
    pub(crate) retry_after: Option<u32>,
    /// The `Stripe-Should-Retry` header.
    pub(crate) should_retry: Option<bool>,
    /// Only calls whose path (with the service's prefix and the query) contains this.
    pub(crate) path: Option<String>,
    /// Only calls with this method.
    pub(crate) method: Option<String>,
}
