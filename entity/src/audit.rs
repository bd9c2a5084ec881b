//! Who did what: one entry for each act of a person or a key that changes something.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ExprTrait, QueryOrder, QuerySelect, entity::prelude::*};

use domain::{AuditEntryId, MerchantId};

/// Every operator, and alone who acts by the command line or with a key without a name.
pub const OPERATOR: &str = "operator";

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
    /// Who did it: `operator`, `operator:` and a name, or the id of an API key.
    pub actor: String,
    /// What was done, such as `link.void`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// The reason that was given.
    pub detail: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// An act.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// Whose affairs it is about.
    pub merchant_id: Option<MerchantId>,
    /// Who does it: a key, an operator or the system.
    pub actor: &'a str,
    /// What is done.
    pub action: &'a str,
    /// To what.
    pub subject: String,
    /// The reason that was given.
    pub detail: Option<String>,
}

impl<'a> Act<'a> {
    /// An act of the operator by the command line, which names nobody.
    pub fn of_operator(
        merchant: impl Into<Option<MerchantId>>,
        action: &'a str,
        subject: &impl ToString,
        detail: Option<String>,
    ) -> Self {
        Self { merchant_id: merchant.into(), actor: OPERATOR, action, subject: subject.to_string(), detail }
    }
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

/// Erases the reasons that were given for what was done to a subject: they may name anybody. Who did what and when stays.
pub(crate) async fn erase_details(db: &impl ConnectionTrait, subject: &str) -> Result<(), DbErr> {
    erase(db, Column::Subject.eq(subject)).await.map(|_| ())
}

/// Erases the reasons that were given before `cutoff` for what was done to links and messages; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn erase_details_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let is_about_buyers = Column::Action.starts_with("link.").or(Column::Action.starts_with("message."));
    erase(db, Column::At.lte(cutoff).and(is_about_buyers)).await
}

async fn erase(db: &impl ConnectionTrait, which: Expr) -> Result<u64, DbErr> {
    Entity::update_many()
        .col_expr(Column::Detail, Expr::value(Option::<String>::None))
        .filter(Column::Detail.is_not_null())
        .filter(which)
        .exec(db)
        .await
        .map(|result| result.rows_affected)
}

/// What is looked for in the log.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Whose affairs; absent: everybody's, which is for operators only.
    pub merchant: Option<MerchantId>,
    /// By whom.
    pub actor: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// Only entries older than this one: the cursor.
    pub before: Option<AuditEntryId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of the log, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn search(db: &impl ConnectionTrait, filter: AuditFilter) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Some(merchant) = filter.merchant {
        query = query.filter(Column::MerchantId.eq(merchant));
    }
    if let Some(actor) = filter.actor {
        query = query.filter(Column::Actor.eq(actor));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(Column::Subject.eq(subject));
    }
    if let Some(before) = filter.before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(filter.limit).all(db).await
}
