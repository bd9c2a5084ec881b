//! Entries in the audit log for what keys and operators do, and log lines about sign-ins and changes to keys.

use std::{fmt::Display, net::IpAddr};

use entity::audit::{Act, AuditAction};

use crate::auth::{OperatorPrincipal, Principal};

impl Principal {
    /// What this key has done, for [`Transaction::done`](entity::Transaction::done) to write into the audit log.
    #[must_use]
    pub(crate) fn did(&self, action: AuditAction, subject: &impl ToString) -> Act<'static> {
        Act::new(self.key.to_string(), action, subject).of_merchant(self.merchant)
    }
}

impl OperatorPrincipal {
    /// What this operator has done, for [`Transaction::done`](entity::Transaction::done) to write into the audit log.
    #[must_use]
    pub(crate) fn did(&self, action: AuditAction, subject: &impl ToString) -> Act<'_> {
        Act::new(self.actor.as_str(), action, subject)
    }
}

/// Somebody of whom it is known who they are and from where they came.
pub(crate) trait Known {
    /// Who, as the audit log says it.
    fn actor(&self) -> String;
    /// From where.
    fn address(&self) -> IpAddr;
}

impl Known for Principal {
    fn actor(&self) -> String {
        self.key.to_string()
    }

    fn address(&self) -> IpAddr {
        self.address
    }
}

impl Known for OperatorPrincipal {
    fn actor(&self) -> String {
        self.actor.clone()
    }

    fn address(&self) -> IpAddr {
        self.address
    }
}

/// Logs, after the commit, what became of keys, sessions and who may sign in: whoever watches over an installation watches this.
pub(crate) fn log_access(by: &impl Known, action: AuditAction, subject: &impl Display) {
    let (actor, address) = (by.actor(), by.address());
    tracing::info!(actor, %address, %action, %subject, "access was changed");
}
