//! API keys: 192 random bits with a scope, stored as a hash.
//!
//! A key can be handed over by an invitation. Until the invitation is accepted there is no key, and the row holds the
//! invitation's hash.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Condition, JoinType, QueryOrder, QuerySelect, entity::prelude::*};

use crate::{Merchant, Transaction, merchant};
use domain::{ApiKeyId, MerchantId, Secret, sha256, words};

words! {
    /// What a key may do. Each scope includes the ones before it.
    #[derive(PartialOrd, Ord)]
    pub enum Scope {
        /// Read.
        Read = "read",
        /// Read, send links and send reminders.
        Send = "send",
        /// Read and run all commands.
        Write = "write",
        /// All of the above, and connect Stripe and carriers.
        Admin = "admin",
    }
}

/// An API key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// The id of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// The key's merchant.
    pub merchant_id: MerchantId,
    /// The merchant's name for the key.
    pub name: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// The last four characters of the key.
    pub last_four: String,
    /// What it may do.
    pub scope: Scope,
    /// When the key was created.
    pub created_at: DateTime<Utc>,
    /// When the key was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When the key was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When the key expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// The deadline for accepting the invitation; `None` once the key was handed over.
    pub invited_until: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as ApiKey;

impl Model {
    /// Whether the row is an invitation that was not accepted yet.
    #[must_use]
    pub(crate) const fn is_invitation(&self) -> bool {
        self.invited_until.is_some()
    }
}

/// A key to insert.
#[derive(Debug)]
pub struct NewKey {
    /// The key's merchant.
    pub merchant_id: MerchantId,
    /// The merchant's name for the key.
    pub name: String,
    /// The scope of the key.
    pub scope: Scope,
    /// When the key expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Inserts a key. Only its hash and last four characters are stored.
pub async fn insert(db: &impl ConnectionTrait, new: NewKey, key: &Secret, now: DateTime<Utc>) -> Result<ApiKey, DbErr> {
    row(new, sha256(key.expose().as_bytes()), key.last_four(), None, now).insert(db).await
}

/// Inserts an invitation that can be accepted until `until`. Only a hash of its token is stored.
pub async fn invite(
    db: &impl ConnectionTrait,
    new: NewKey,
    token: &Secret,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<ApiKey, DbErr> {
    row(new, hash_of_invitation(token.expose()), String::new(), Some(until), now).insert(db).await
}

fn row(
    new: NewKey,
    hash: Vec<u8>,
    last_four: String,
    invited_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> ActiveModel {
    ActiveModel {
        id: Set(ApiKeyId::new(now)),
        merchant_id: Set(new.merchant_id),
        name: Set(new.name),
        hash: Set(hash),
        last_four: Set(last_four),
        scope: Set(new.scope),
        created_at: Set(now),
        last_used_at: Set(None),
        revoked_at: Set(None),
        expires_at: Set(new.expires_at),
        invited_until: Set(invited_until),
    }
}

/// Hashes an invitation's token with a prefix that no header value can start with, so that a token never works as a
/// key.
fn hash_of_invitation(token: &str) -> Vec<u8> {
    sha256(&[&[0xff], b"invitation:".as_slice(), token.as_bytes()].concat())
}

/// Matches keys that are neither revoked nor expired, and no pending invitations.
pub(crate) fn is_in_force(now: DateTime<Utc>) -> Condition {
    let is_not_over = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
    Condition::all().add(Column::RevokedAt.is_null()).add(Column::InvitedUntil.is_null()).add(is_not_over)
}

/// The most keys and invitations in force per merchant.
pub const MOST: u64 = 200;

/// Whether the merchant may have another key. No other transaction can add one until this one ends.
pub async fn has_room(tx: &Transaction, merchant: MerchantId, now: DateTime<Utc>) -> Result<bool, DbErr> {
    merchant::hold(tx, merchant).await?;
    let is_after = |column: Column| Condition::any().add(column.is_null()).add(column.gt(now));
    let all = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::RevokedAt.is_null())
        .filter(is_after(Column::ExpiresAt))
        .filter(is_after(Column::InvitedUntil));
    Ok(all.count(tx).await? < MOST)
}

/// The invitation with this token, if it can still be accepted.
pub async fn find_invitation(
    db: &impl ConnectionTrait,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Option<ApiKey>, DbErr> {
    Entity::find().filter(can_be_accepted(token, now)).one(db).await
}

/// Turns an invitation into this key, once. Returns `false` if it was accepted before or has expired.
pub async fn accept(db: &impl ConnectionTrait, token: &str, key: &Secret, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let accepted = Entity::update_many()
        .col_expr(Column::Hash, Expr::value(sha256(key.expose().as_bytes())))
        .col_expr(Column::LastFour, Expr::value(key.last_four()))
        .col_expr(Column::InvitedUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(can_be_accepted(token, now))
        .exec(db)
        .await?;
    Ok(accepted.rows_affected == 1)
}

fn can_be_accepted(token: &str, now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(Column::Hash.eq(hash_of_invitation(token)))
        .add(Column::InvitedUntil.gt(now))
        .add(Column::RevokedAt.is_null())
        .add(Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now)))
}

/// The presented key, if it is in force, and its merchant, in one round trip.
pub async fn find(
    db: &impl ConnectionTrait,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<(ApiKey, Merchant)>, DbErr> {
    let of_merchant: RelationDef =
        Entity::belongs_to(merchant::Entity).from(Column::MerchantId).to(merchant::Column::Id).into();
    let found = Entity::find()
        .join(JoinType::InnerJoin, of_merchant)
        .select_also(merchant::Entity)
        .filter(Column::Hash.eq(sha256(key.as_bytes())))
        .filter(is_in_force(now))
        .one(db)
        .await?;
    Ok(found.and_then(|(key, owner)| Some((key, owner?))))
}

/// The key with this id, if it is in force. For sessions and tokens, which act for a key.
pub async fn find_in_force(
    db: &impl ConnectionTrait,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<Option<ApiKey>, DbErr> {
    Entity::find_by_id(id).filter(is_in_force(now)).one(db).await
}

/// The ones of these keys that are in force.
pub async fn in_force(
    db: &impl ConnectionTrait,
    ids: Vec<ApiKeyId>,
    now: DateTime<Utc>,
) -> Result<Vec<ApiKeyId>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.is_in(ids))
        .filter(is_in_force(now))
        .into_tuple()
        .all(db)
        .await
}

/// The names of keys, revoked ones too, by their ids as the audit log has them.
pub async fn names(db: &impl ConnectionTrait, ids: Vec<ApiKeyId>) -> Result<Vec<(String, String)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let columns = Entity::find().select_only().column(Column::Id).column(Column::Name).filter(Column::Id.is_in(ids));
    let found: Vec<(ApiKeyId, String)> = columns.into_tuple().all(db).await?;
    Ok(found.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

/// A page of the merchant's keys, newest first, with revoked ones.
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

/// Records that the key was used, at most once a minute: a use is not worth a write for each request.
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
