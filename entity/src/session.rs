//! Console sessions: what a browser gets in exchange for a key, so that it need not keep the key itself.
//!
//! A session ends 12 hours after its last use or 30 days after it began, and at once when its key is revoked, its merchant is suspended or
//! somebody ends it.

mod list;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Condition, QuerySelect, entity::prelude::*};

use self::list::of_merchant;
use crate::{
    api_key::{self, ApiKey},
    operator::{OperatorKey, OperatorKeys},
};
use domain::{ApiKeyId, MerchantId, Secret, SessionId, sha256, words};

pub use list::{SessionCursor, SessionCursorError, Whose, end_one, list};

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
        /// An operator, by their key.
        Operator = "operator",
    }
}

/// A session.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "console_session")]
pub struct Model {
    /// What it is found by; see [`is_of`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// Who signed in.
    pub kind: SessionKind,
    /// The key that it was given for; absent for the operator's.
    pub api_key_id: Option<ApiKeyId>,
    /// The operator's key that it was given for, as [`OperatorKey`] knows it; absent for a merchant's.
    pub operator_key: Option<Vec<u8>>,
    /// That operator's name, if they have one.
    pub operator_name: Option<String>,
    /// From which address somebody signed in.
    pub address: Option<String>,
    /// What their browser called itself.
    pub agent: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Until when, if it is not used before.
    pub expires_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Session;

impl Model {
    /// What it is called where it is shown: the beginning of its hash, which opens nothing.
    #[must_use]
    pub fn id(&self) -> SessionId {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(&self.hash).for_each(|(byte, of_hash)| *byte = *of_hash);
        SessionId::from_uuid(Uuid::from_bytes(bytes))
    }
}

/// Who is to be signed in.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A merchant, with this key.
    Merchant(&'a ApiKey),
    /// An operator, whose key is this.
    Operator(&'a OperatorKey),
}

/// Whence somebody signs in.
#[derive(Debug, Clone, Default)]
pub struct Whence {
    /// The address.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub agent: Option<String>,
}

/// Who turns out to be signed in.
#[derive(Debug, Clone)]
pub enum SignedIn {
    /// A merchant, with this key, which is in force.
    Merchant(Session, ApiKey),
    /// The operator whose key, which is in force, is this.
    Operator(Session, OperatorKey),
}

/// Begins a session. The token is the browser's; only a hash of it is kept.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn begin(
    db: &impl ConnectionTrait,
    token: &Secret,
    who: Who<'_>,
    whence: Whence,
    now: DateTime<Utc>,
) -> Result<Session, DbErr> {
    let ends_with = match who {
        Who::Merchant(key) => key.expires_at,
        Who::Operator(_) => None,
    };
    let (kind, hash, api_key, operator) = match who {
        Who::Merchant(key) => (SessionKind::Merchant, hash_of_merchants(token.expose()), Some(key.id), None),
        Who::Operator(key) => (SessionKind::Operator, key.session_hash(token.expose()), None, Some(key)),
    };
    let row = ActiveModel {
        hash: Set(hash),
        kind: Set(kind),
        api_key_id: Set(api_key),
        operator_key: Set(operator.map(|key| key.id().to_vec())),
        operator_name: Set(operator.and_then(OperatorKey::name).map(ToOwned::to_owned)),
        address: Set(whence.address),
        agent: Set(whence.agent),
        created_at: Set(now),
        expires_at: Set(ends(now, now, ends_with)),
    };
    row.insert(db).await
}

/// Who is signed in with this token, if the session is not over.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    token: &str,
    operators: &OperatorKeys,
    now: DateTime<Utc>,
) -> Result<Option<SignedIn>, DbErr> {
    let found = Entity::find().filter(is_of(token, operators)).filter(Column::ExpiresAt.gt(now)).one(db).await?;
    let Some(session) = found else { return Ok(None) };
    match (session.kind, session.api_key_id) {
        (SessionKind::Merchant, Some(key)) => {
            Ok(api_key::find_in_force(db, key, now).await?.map(|key| SignedIn::Merchant(session, key)))
        }
        // A merchant's session without a key is against the table's CHECK.
        (SessionKind::Merchant, None) => Ok(None),
        (SessionKind::Operator, _) => {
            let key = operators.iter().find(|key| session.operator_key.as_deref() == Some(key.id()));
            Ok(key.cloned().map(|key| SignedIn::Operator(session, key)))
        }
    }
}

/// A merchant's session is found by the hash of its token, an operator's by an HMAC of it under the key that it was given for: with
/// other keys in the settings it is not found any more. A hash of one kind never stands for a session of the other.
fn is_of(token: &str, operators: &OperatorKeys) -> Condition {
    let of = |kind: SessionKind| Condition::all().add(Column::Kind.eq(kind));
    let merchants = of(SessionKind::Merchant).add(Column::Hash.eq(hash_of_merchants(token)));
    let hashes = operators.iter().map(|key| key.session_hash(token));
    let operators = of(SessionKind::Operator).add(Column::Hash.is_in(hashes));
    Condition::any().add(merchants).add(operators)
}

/// Without a label of its own: sessions that were begun before operators' had one go on. The kind is asked for as well.
fn hash_of_merchants(token: &str) -> Vec<u8> {
    sha256(token.as_bytes())
}

/// When a session ends that began and is used then: never later than the key that it stands in for.
fn ends(began: DateTime<Utc>, used: DateTime<Utc>, key: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let end = (used + IDLE).min(began + LONGEST);
    key.map_or(end, |key| end.min(key))
}

/// Notes that the session is in use, which makes it end later. Returns the end, which is never later than [`LONGEST`] after the
/// beginning, nor than the end of the key that it stands in for.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn note_use(
    db: &impl ConnectionTrait,
    session: &Session,
    key_ends: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, DbErr> {
    let end = ends(session.created_at, now, key_ends);
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

/// Ends the session of this token; one that is over is ended already.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn end(db: &impl ConnectionTrait, token: &str, operators: &OperatorKeys) -> Result<(), DbErr> {
    Entity::delete_many().filter(is_of(token, operators)).exec(db).await.map(|_| ())
}

/// Ends every session that was given for a key.
pub(crate) async fn end_all_of(db: &impl ConnectionTrait, key: ApiKeyId) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ApiKeyId.eq(key)).exec(db).await.map(|_| ())
}

/// Ends every session of a merchant.
pub(crate) async fn end_all_of_merchant(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<(), DbErr> {
    Entity::delete_many().filter(of_merchant(merchant)).exec(db).await.map(|_| ())
}

/// Which of these sessions are not over.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn in_force(
    db: &impl ConnectionTrait,
    hashes: Vec<Vec<u8>>,
    now: DateTime<Utc>,
) -> Result<Vec<Vec<u8>>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Hash)
        .filter(Column::Hash.is_in(hashes))
        .filter(Column::ExpiresAt.gt(now))
        .into_tuple()
        .all(db)
        .await
}

/// Removes sessions that are over; answers how many.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn clean(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(db).await.map(|gone| gone.rows_affected)
}
