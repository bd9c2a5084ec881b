//! Pauses: an operator can hold back a kind of job, or all jobs of a merchant, until further notice.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::OnConflict};

use domain::MerchantId;

/// A pause.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pause")]
pub struct Model {
    /// The subject as one word: the kind, or the merchant's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    /// The kind of job that is paused.
    pub kind: Option<String>,
    /// The merchant whose jobs are paused.
    pub merchant_id: Option<MerchantId>,
    /// The operator's reason.
    pub reason: String,
    /// When it began.
    pub since: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Pause;

/// What can be paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseSubject {
    /// A kind of job, by its name.
    Kind(String),
    /// All jobs of a merchant.
    Merchant(MerchantId),
}

impl std::fmt::Display for PauseSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kind(kind) => f.write_str(kind),
            Self::Merchant(merchant) => merchant.fmt(f),
        }
    }
}

/// Pauses a subject. Returns `false` if it was already paused; its reason then stays.
///
/// # Errors
/// Returns an error if the merchant does not exist, if the reason is empty, or if the database query fails.
pub async fn put(
    db: &impl ConnectionTrait,
    subject: &PauseSubject,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let (kind, merchant_id) = match subject {
        PauseSubject::Kind(kind) => (Some(kind.clone()), None),
        PauseSubject::Merchant(merchant) => (None, Some(*merchant)),
    };
    let row = ActiveModel {
        subject: Set(subject.to_string()),
        kind: Set(kind),
        merchant_id: Set(merchant_id),
        reason: Set(reason.to_owned()),
        since: Set(now),
    };
    let once = OnConflict::column(Column::Subject).do_nothing().to_owned();
    match Entity::insert(row).on_conflict(once).exec_without_returning(db).await {
        Ok(0) | Err(DbErr::RecordNotInserted) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Ends a pause; `false` if there was none.
pub async fn remove(db: &impl ConnectionTrait, subject: &PauseSubject) -> Result<bool, DbErr> {
    Ok(Entity::delete_by_id(subject.to_string()).exec(db).await?.rows_affected == 1)
}

/// All pauses, oldest first.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Since).order_by_asc(Column::Subject).all(db).await
}

/// Whether any of these subjects is paused.
pub async fn is_any(db: &impl ConnectionTrait, subjects: &[&PauseSubject]) -> Result<bool, DbErr> {
    let names = subjects.iter().map(ToString::to_string);
    Ok(Entity::find().filter(Column::Subject.is_in(names)).one(db).await?.is_some())
}
