//! API keys: 192 random bits, stored as a hash, with a scope.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Condition, QueryOrder, QuerySelect, entity::prelude::*};

use domain::{ApiKeyId, MerchantId, Secret, sha256, words};

words! {
    /// What a key may do; each scope includes the ones before it.
    #[derive(PartialOrd, Ord)]
    pub enum Scope {
        /// Look.
        Read = "read",
        /// Look and command.
        Write = "write",
        /// All that, and connect Stripe and carriers.
        Admin = "admin",
    }
}

/// An API key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// What it is called.
    pub name: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// Its last four characters.
    pub last_four: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as ApiKey;

/// Writes a key; only its hash and last four characters are kept.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn insert(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    name: String,
    scope: Scope,
    key: &Secret,
    now: DateTime<Utc>,
) -> Result<ApiKey, DbErr> {
    let row = ActiveModel {
        id: Set(ApiKeyId::new(now)),
        merchant_id: Set(merchant),
        name: Set(name),
        hash: Set(sha256(key.expose().as_bytes())),
        last_four: Set(key.last_four()),
        scope: Set(scope),
        created_at: Set(now),
        last_used_at: Set(None),
        revoked_at: Set(None),
    };
    row.insert(db).await
}

/// The key that was presented, unless it was revoked.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl ConnectionTrait, key: &str) -> Result<Option<ApiKey>, DbErr> {
    Entity::find().filter(Column::Hash.eq(sha256(key.as_bytes()))).filter(Column::RevokedAt.is_null()).one(db).await
}

/// The key of this id, unless it was revoked: a session stands in for it.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn find_in_force(db: &impl ConnectionTrait, id: ApiKeyId) -> Result<Option<ApiKey>, DbErr> {
    Entity::find_by_id(id).filter(Column::RevokedAt.is_null()).one(db).await
}

/// Which of these keys are not revoked.
///
/// # Errors
/// When the database does not answer.
pub async fn in_force(db: &impl ConnectionTrait, ids: Vec<ApiKeyId>) -> Result<Vec<ApiKeyId>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.is_in(ids))
        .filter(Column::RevokedAt.is_null())
        .into_tuple()
        .all(db)
        .await
}

/// What keys are called, by their ids as the audit log has them, revoked ones too.
///
/// # Errors
/// When the database does not answer.
pub async fn names(db: &impl ConnectionTrait, ids: Vec<ApiKeyId>) -> Result<Vec<(String, String)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let columns = Entity::find().select_only().column(Column::Id).column(Column::Name).filter(Column::Id.is_in(ids));
    let found: Vec<(ApiKeyId, String)> = columns.into_tuple().all(db).await?;
    Ok(found.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

/// A page of the merchant's keys, revoked ones too, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    before: Option<ApiKeyId>,
    limit: u64,
) -> Result<Vec<ApiKey>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// Notes that the key is in use. Written once a minute at most: a note of use is not worth a write for each request.
///
/// # Errors
/// When the database does not answer.
pub async fn note_use(db: &impl ConnectionTrait, key: &ApiKey, now: DateTime<Utc>) -> Result<(), DbErr> {
    let minute_ago = now - TimeDelta::minutes(1);
    if key.last_used_at.is_some_and(|at| at > minute_ago) {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .filter(Column::Id.eq(key.id))
        .filter(Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lte(minute_ago)))
        .exec(db)
        .await
        .map(|_| ())
}
