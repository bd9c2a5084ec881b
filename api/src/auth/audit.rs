//! Audit entries for the actions of keys and operators, and log lines about sign-ins and changes to keys.

use std::{fmt::Display, net::IpAddr};

use entity::audit::{Act, AuditAction};

use crate::auth::{OperatorPrincipal, Principal};

impl Principal {
    /// An audit entry for an action of this key, for [`Transaction::done`](entity::Transaction::done).
    #[must_use]
    pub(crate) fn did(&self, action: AuditAction, subject: &impl ToString) -> Act<'static> {
        Act::new(self.key.to_string(), action, subject).of_merchant(self.merchant)
    }
}

impl OperatorPrincipal {
    /// An audit entry for an action of this operator, for [`Transaction::done`](entity::Transaction::done).
    #[must_use]
    pub(crate) fn did(&self, action: AuditAction, subject: &impl ToString) -> Act<'_> {
        Act::new(self.actor.as_str(), action, subject)
    }
}

/// A caller whose identity and address are known.
pub(crate) trait KnownCaller {
    /// The actor in the audit log.
    fn actor(&self) -> String;
    /// The client's address.
    fn address(&self) -> IpAddr;
}

impl KnownCaller for Principal {
    fn actor(&self) -> String {
        self.key.to_string()
    }

    fn address(&self) -> IpAddr {
        self.address
    }
}

impl KnownCaller for OperatorPrincipal {
    fn actor(&self) -> String {
        self.actor.clone()
    }

    fn address(&self) -> IpAddr {
        self.address
    }
}

/// Logs, after the commit, changes to keys, sessions and who may sign in. Monitoring can watch for these lines.
pub(crate) fn log_access(by: &impl KnownCaller, action: AuditAction, subject: &impl Display) {
    let (actor, address) = (by.actor(), by.address());
    tracing::info!(actor, %address, %action, %subject, "access was changed");
}
