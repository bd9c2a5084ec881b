//! The audit log of what keys do.

use chrono::{DateTime, Utc};
use entity::{
    MerchantId,
    audit::{self, Act},
};
use sea_orm::{ConnectionTrait, DbErr};

use crate::auth::Principal;

/// Notes what a merchant's key did, in the transaction of the act itself.
pub(crate) async fn act_of_key(
    tx: &impl ConnectionTrait,
    key: &Principal,
    action: &str,
    subject: impl ToString,
    detail: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let actor = key.key.to_string();
    let act = Act { merchant_id: Some(key.merchant), actor: &actor, action, subject: subject.to_string(), detail };
    audit::record(tx, act, now).await
}

/// Notes what the operator did, in the transaction of the act itself.
pub(crate) async fn act_of_operator(
    tx: &impl ConnectionTrait,
    merchant: Option<MerchantId>,
    action: &str,
    subject: impl ToString,
    detail: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let act = Act { merchant_id: merchant, actor: "operator", action, subject: subject.to_string(), detail };
    audit::record(tx, act, now).await
}
