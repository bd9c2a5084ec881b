//! The audit log of what keys and operators do, and the log's lines about who came in and which keys there are.

use std::{fmt::Display, net::IpAddr};

use chrono::{DateTime, Utc};
use domain::MerchantId;
use entity::{
    Transaction,
    audit::{self, Act, AuditAction},
};
use sea_orm::{ConnectionTrait, DbErr};

use crate::auth::{OperatorPrincipal, Principal};

/// Notes what a merchant's key did: the commit of the act itself writes it.
#[expect(clippy::needless_pass_by_value, reason = "an id, or a text that was made for it")]
pub(crate) fn act_of_key(
    tx: &Transaction,
    key: &Principal,
    action: AuditAction,
    subject: impl ToString,
    detail: Option<String>,
    now: DateTime<Utc>,
) {
    let actor = key.key.to_string();
    let act = Act { merchant_id: Some(key.merchant), actor: &actor, action, subject: subject.to_string(), detail };
    tx.done(act, now);
}

/// Notes what an operator did, in the transaction of the act itself.
pub(crate) async fn act_of_operator(
    tx: &impl ConnectionTrait,
    operator: &OperatorPrincipal,
    merchant: Option<MerchantId>,
    action: AuditAction,
    subject: impl ToString,
    detail: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let act = Act { merchant_id: merchant, actor: &operator.actor, action, subject: subject.to_string(), detail };
    audit::record(tx, act, now).await
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
