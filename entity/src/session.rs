//! Console sessions: what a browser is given in exchange for a key, so that the key itself need not stay in it.
//!
//! A session ends 12 hours after it was last used, 30 days after it began, when its key is revoked or when somebody signs out,
//! whichever comes first.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{ApiKeyId, Secret, api_key, api_key::ApiKey, column::words, sha256};

/// How long a session lasts that is not used.
const IDLE: TimeDelta = TimeDelta::hours(12);

/// How long a session lasts at most.
pub const LONGEST: TimeDelta = TimeDelta::days(30);

/// How much of [`IDLE`] must be used up before a use is worth a write.
const GRAIN: TimeDelta = TimeDelta::minutes(5);

words! {
    /// Who can sign in.
    pub enum SessionKind {
        /// A merchant, by an API key.
        Merchant = "merchant",
        /// The operator, by the operator's key.
        Operator = "operator",
    }
}

/// A session.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "console_session")]
pub struct Model {
    /// What it is found by; see [`hash_of`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// Who signed in.
    pub kind: SessionKind,
    /// The key that it was given for; absent for the operator's.
    pub api_key_id: Option<ApiKeyId>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when, if it is not used before.
    pub expires_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Session;

/// Who is to be signed in.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A merchant, with this key.
    Merchant(&'a ApiKey),
    /// The operator, whose key is this.
    Operator(&'a Secret),
}

/// Who turns out to be signed in.
#[derive(Debug, Clone)]
pub enum SignedIn {
    /// A merchant, with this key, which is in force.
    Merchant(Session, ApiKey),
    /// The operator.
    Operator(Session),
}

/// An operator's session is bound to the operator's key: with another key in the settings it is not found any more.
fn hash_of(token: &str, operator_key: Option<&Secret>) -> Vec<u8> {
    let key = operator_key.map(Secret::expose).unwrap_or_default();
    sha256(&[token.as_bytes(), key.as_bytes()].concat())
}

/// Begins a session. The token is the browser's; only a hash of it is kept.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn begin(
    db: &impl ConnectionTrait,
    token: &Secret,
    who: Who<'_>,
    now: DateTime<Utc>,
) -> Result<Session, DbErr> {
    let (kind, api_key, operator_key) = match who {
        Who::Merchant(key) => (SessionKind::Merchant, Some(key.id), None),
        Who::Operator(key) => (SessionKind::Operator, None, Some(key)),
    };
    let row = ActiveModel {
        hash: Set(hash_of(token.expose(), operator_key)),
        kind: Set(kind),
        api_key_id: Set(api_key),
        created_at: Set(now),
        expires_at: Set(now + IDLE),
    };
    row.insert(db).await
}

/// Who is signed in with this token, if the session is not over.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl ConnectionTrait,
    token: &str,
    operator_key: Option<&Secret>,
    now: DateTime<Utc>,
) -> Result<Option<SignedIn>, DbErr> {
    let found = Entity::find()
        .filter(Column::Hash.is_in(hashes(token, operator_key)))
        .filter(Column::ExpiresAt.gt(now))
        .one(db)
        .await?;
    let Some(session) = found else { return Ok(None) };
    match (session.kind, session.api_key_id) {
        (SessionKind::Merchant, Some(key)) => {
            Ok(api_key::find_in_force(db, key).await?.map(|key| SignedIn::Merchant(session, key)))
        }
        // A merchant's session without a key is against the table's CHECK.
        (SessionKind::Merchant, None) => Ok(None),
        (SessionKind::Operator, _) => Ok(operator_key.is_some().then_some(SignedIn::Operator(session))),
    }
}

fn hashes(token: &str, operator_key: Option<&Secret>) -> Vec<Vec<u8>> {
    let operators = operator_key.map(|key| hash_of(token, Some(key)));
    [Some(hash_of(token, None)), operators].into_iter().flatten().collect()
}

/// Notes that the session is in use, which puts off its end. Answers the end, which is never later than [`LONGEST`] after the
/// beginning.
///
/// # Errors
/// When the database does not answer.
pub async fn note_use(
    db: &impl ConnectionTrait,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, DbErr> {
    let end = (now + IDLE).min(session.created_at + LONGEST);
    if end < session.expires_at + GRAIN {
        return Ok(session.expires_at);
    }
    Entity::update_many()
        .col_expr(Column::ExpiresAt, Expr::value(end))
        .filter(Column::Hash.eq(session.hash.clone()))
        .exec(db)
        .await?;
    Ok(end)
}

/// Ends a session; one that is over is ended already.
///
/// # Errors
/// When the database does not answer.
pub async fn end(db: &impl ConnectionTrait, token: &str, operator_key: Option<&Secret>) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Hash.is_in(hashes(token, operator_key))).exec(db).await.map(|_| ())
}

/// Ends every session that was given for a key.
pub(crate) async fn end_all_of(db: &impl ConnectionTrait, key: ApiKeyId) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ApiKeyId.eq(key)).exec(db).await.map(|_| ())
}

/// Removes sessions that are over; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn clean(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(db).await.map(|gone| gone.rows_affected)
}
