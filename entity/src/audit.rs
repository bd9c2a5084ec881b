//! Who did what: one entry for each act of a person or a key that changes something.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*};

use crate::{AuditEntryId, MerchantId};

/// One entry of the audit log.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// Whose affairs it was about.
    pub merchant_id: Option<MerchantId>,
    /// Who did it: `operator`, or the id of an API key.
    pub actor: String,
    /// What was done, such as `link.void`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// The reason that was given.
    pub detail: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// An act.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// Whose affairs it is about.
    pub merchant_id: Option<MerchantId>,
    /// Who does it.
    pub actor: &'a str,
    /// What is done.
    pub action: &'a str,
    /// To what.
    pub subject: String,
    /// The reason that was given.
    pub detail: Option<String>,
}

/// Writes an entry, in the transaction of the act itself.
///
/// # Errors
/// When the database does not answer.
pub async fn record(db: &impl ConnectionTrait, act: Act<'_>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let entry = ActiveModel {
        id: Set(AuditEntryId::new(now)),
        merchant_id: Set(act.merchant_id),
        actor: Set(act.actor.to_owned()),
        action: Set(act.action.to_owned()),
        subject: Set(act.subject),
        detail: Set(act.detail),
        at: Set(now),
    };
    Entity::insert(entry).exec_without_returning(db).await.map(|_| ())
}

/// What was done to a subject, oldest first. Operators only: it looks across merchants.
///
/// # Errors
/// When the database does not answer.
pub async fn of_subject(db: &impl ConnectionTrait, subject: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Subject.eq(subject)).order_by_asc(Column::Id).all(db).await
}
