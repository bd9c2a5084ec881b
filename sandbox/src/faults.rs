//! Failures that were ordered: the next calls fail so, before or after their effect.

use serde::{Deserialize, Serialize};

use crate::{
    exchange::{Exchange, Service},
    state::Txn,
    tables::Change,
};

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

impl Fault {
    fn strikes(&self, request: &Exchange) -> bool {
        let query = request.query.as_deref().unwrap_or_default();
        let path = format!("{}{}?{query}", request.service.prefix(), request.path);
        self.service == request.service
            && self.path.as_deref().is_none_or(|part| path.contains(part))
            && self.method.as_deref().is_none_or(|method| request.method.eq_ignore_ascii_case(method))
    }
}

/// Adds an order, or withdraws those of its service.
pub(crate) fn order(txn: &mut Txn<'_>, fault: Fault) {
    let mut settings = txn.tables.settings.clone();
    if fault.times == 0 {
        settings.faults.retain(|other| other.service != fault.service);
    } else {
        settings.faults.push(fault);
    }
    txn.put(Change::Settings(settings));
}

/// The fault that strikes this request, if one does: the oldest order that fits. It is counted down by one.
pub(crate) fn strike(txn: &mut Txn<'_>, request: &Exchange) -> Option<Fault> {
    let position = txn.tables.settings.faults.iter().position(|fault| fault.strikes(request))?;
    let mut settings = txn.tables.settings.clone();
    let fault = settings.faults[position].clone();
    if fault.times <= 1 {
        settings.faults.remove(position);
    } else {
        settings.faults[position].times -= 1;
    }
    txn.put(Change::Settings(settings));
    Some(fault)
}
