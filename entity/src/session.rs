//! Console sessions: what a browser gets in exchange for a key, so that it need not keep the key itself.
//!
//! A session ends 12 hours after its last use or 30 days after it began. It ends at once when its key is revoked, its
//! merchant is suspended or a person ends it.

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

/// How long an unused session lasts.
const IDLE: TimeDelta = TimeDelta::hours(12);

/// The longest life of a session.
pub const LONGEST: TimeDelta = TimeDelta::days(30);

/// How much of [`IDLE`] must pass before a use is worth a write.
const GRAIN: TimeDelta = TimeDelta::minutes(5);

words! {
    /// Who can sign in.
    pub enum SessionKind {
        /// A merchant, with an API key.
        Merchant = "merchant",
        /// An operator, with an operator key.
        Operator = "operator",
    }
}

/// A console session.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "console_session")]
pub struct Model {
    /// The hash by which it is found; see [`is_of`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// Who signed in.
    pub kind: SessionKind,
    /// The key it was created with; `None` for an operator.
    pub api_key_id: Option<ApiKeyId>,
    /// The operator's key it was created with, as [`OperatorKey`] identifies it; `None` for a merchant.
    pub operator_key: Option<Vec<u8>>,
    /// The operator's name, if there is one.
    pub operator_name: Option<String>,
    /// The address of the sign-in.
    pub address: Option<String>,
    /// The browser's user agent.
    pub agent: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Session;

impl Model {
    /// The public id of the session: the start of its hash, which does not sign anyone in.
    #[must_use]
    pub fn id(&self) -> SessionId {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(&self.hash).for_each(|(byte, of_hash)| *byte = *of_hash);
        SessionId::from_uuid(Uuid::from_bytes(bytes))
    }
}

/// Who signs in.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A merchant with this key.
    Merchant(&'a ApiKey),
    /// An operator with this key.
    Operator(&'a OperatorKey),
}

/// Where a sign-in comes from.
#[derive(Debug, Clone, Default)]
pub struct Whence {
    /// The IP address.
    pub address: Option<String>,
    /// The browser's user agent.
    pub agent: Option<String>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub enum SignedIn {
    /// A merchant, with a key that is in force.
    Merchant(Session, ApiKey),
    /// An operator, with a key that is in force.
    Operator(Session, OperatorKey),
}

/// Starts a session. The browser gets the token; only its hash is stored.
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

/// Who is signed in with this token, unless the session is over.
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
        // The table's CHECK rules out a merchant's session without a key.
        (SessionKind::Merchant, None) => Ok(None),
        (SessionKind::Operator, _) => {
            let key = operators.iter().find(|key| session.operator_key.as_deref() == Some(key.id()));
            Ok(key.cloned().map(|key| SignedIn::Operator(session, key)))
        }
    }
}

/// A merchant's session is found by the hash of its token, an operator's by an HMAC of it under the operator's key, so
/// it is lost when the settings change that key. A hash of one kind never matches a session of the other.
fn is_of(token: &str, operators: &OperatorKeys) -> Condition {
    let of = |kind: SessionKind| Condition::all().add(Column::Kind.eq(kind));
    let merchants = of(SessionKind::Merchant).add(Column::Hash.eq(hash_of_merchants(token)));
    let hashes = operators.iter().map(|key| key.session_hash(token));
    let operators = of(SessionKind::Operator).add(Column::Hash.is_in(hashes));
    Condition::any().add(merchants).add(operators)
}

/// Has no label, so that sessions from before operators had sessions stay valid. Queries also compare the kind.
fn hash_of_merchants(token: &str) -> Vec<u8> {
    sha256(token.as_bytes())
}

/// When a session ends that began and is used at these times: never later than the key it stands for.
fn ends(began: DateTime<Utc>, used: DateTime<Utc>, key: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let end = (used + IDLE).min(began + LONGEST);
    key.map_or(end, |key| end.min(key))
}

/// Records a use of the session, which extends it. Returns the new end, at most [`LONGEST`] after the beginning and
/// never after the key expires.
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

/// Ends the session with this token, if it is not over.
pub async fn end(db: &impl ConnectionTrait, token: &str, operators: &OperatorKeys) -> Result<(), DbErr> {
    Entity::delete_many().filter(is_of(token, operators)).exec(db).await.map(|_| ())
}

/// Ends all sessions of a key.
pub(crate) async fn end_all_of(db: &impl ConnectionTrait, key: ApiKeyId) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ApiKeyId.eq(key)).exec(db).await.map(|_| ())
}

pub(crate) async fn end_all_of_merchant(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<(), DbErr> {
    Entity::delete_many().filter(of_merchant(merchant)).exec(db).await.map(|_| ())
}

/// The ones of these sessions that are not over.
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

/// Removes sessions that are over. Returns how many.
pub async fn clean(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    Entity::delete_many().filter(Column::ExpiresAt.lte(now)).exec(db).await.map(|gone| gone.rows_affected)
}
