//! Idempotency keys of commands: the first answer is kept for 24 hours and returned again.
//!
//! The process that runs a command holds its key for [`LEASE`], and longer by [saying](holder::renew) that it is alive.
//! If it dies, another takes the key over. If it only stood still, [`finish`] tells it so in the transaction of the
//! command, which is rolled back.

pub mod holder;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    Condition, DbBackend, Statement,
    entity::prelude::*,
    sea_query::{OnConflict, Query},
};

use domain::{KeyHolderId, MerchantId};

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// How long a key is held by a process that does not say that it is alive. A caller that retries waits no longer.
pub const LEASE: TimeDelta = TimeDelta::seconds(5);

/// How long a command may run before its key counts as left over, even by a process that is alive, or by one of a
/// version without holders.
const ABANDONED: TimeDelta = TimeDelta::seconds(30);

/// A key and, once the command is done, its answer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// The merchant whose software chose the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The key, chosen by the caller.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: Vec<u8>,
    /// The HTTP status of the answer.
    pub status: Option<i64>,
    /// The `Location` header of the answer.
    pub headers: Option<String>,
    /// The body of the answer.
    pub body: Option<Vec<u8>>,
    /// When it was claimed.
    pub created_at: DateTime<Utc>,
    /// The process that holds it, or held it; none if a version without holders has claimed it.
    pub holder: Option<KeyHolderId>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// The `Location` header.
    pub location: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A key held until the command ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeldKey {
    merchant: MerchantId,
    key: String,
    since: DateTime<Utc>,
}

impl HeldKey {
    /// Whether this is the merchant's key.
    #[must_use]
    pub fn is(&self, merchant: MerchantId, key: &str) -> bool {
        self.merchant == merchant && self.key == key
    }
}

/// The hold of another process on a key. It differs from time to time as long as that is alive and the command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHold {
    since: DateTime<Utc>,
    alive_until: Option<DateTime<Utc>>,
}

/// The state of a key for the command that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyClaim {
    /// The key is new: run the command, then call [`finish`] or [`abandon`].
    Ours(HeldKey),
    /// The command was answered before.
    Replay(KeptAnswer),
    /// The key was used for another command.
    OtherCommand,
    /// The command is running. The hold is none if nothing will be known of it.
    Running(Option<KeyHold>),
}

/// Claims a key for a command that this process runs.
pub async fn claim(
    db: &impl ConnectionTrait,
    holder: KeyHolderId,
    (merchant, key): (MerchantId, &str),
    fingerprint: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<KeyClaim, DbErr> {
    let mine = Entity::delete_many().filter(Column::MerchantId.eq(merchant)).filter(Column::Key.eq(key));
    mine.filter(is_free(now)).exec(db).await?;

    let row = ActiveModel {
        merchant_id: Set(merchant),
        key: Set(key.to_owned()),
        fingerprint: Set(fingerprint.clone()),
        status: Set(None),
        headers: Set(None),
        body: Set(None),
        created_at: Set(now),
        holder: Set(Some(holder)),
    };
    let once = OnConflict::columns([Column::MerchantId, Column::Key]).do_nothing().to_owned();
    match Entity::insert(row).on_conflict(once).exec_without_returning(db).await {
        Ok(rows) if rows > 0 => return Ok(KeyClaim::Ours(HeldKey { merchant, key: key.to_owned(), since: now })),
        Ok(_) | Err(DbErr::RecordNotInserted) => {}
        Err(error) => return Err(error),
    }
    let Some(found) = Entity::find_by_id((merchant, key.to_owned())).one(db).await? else {
        return Ok(KeyClaim::Running(None));
    };
    if found.fingerprint != fingerprint {
        return Ok(KeyClaim::OtherCommand);
    }
    Ok(match (found.status.map(u16::try_from), found.body, found.holder) {
        (Some(Ok(status)), Some(body), _) => {
            KeyClaim::Replay(KeptAnswer { status, location: found.headers.unwrap_or_default(), body })
        }
        (_, _, Some(holder)) => KeyClaim::Running(Some(KeyHold {
            since: found.created_at,
            alive_until: holder::alive_until(db, holder).await?,
        })),
        (_, _, None) => KeyClaim::Running(None),
    })
}

/// Whether a key may be claimed again: its answer is no longer kept, or nobody is left who would give one.
fn is_free(now: DateTime<Utc>) -> Condition {
    let alive = Query::select()
        .column(holder::Column::Id)
        .from(holder::Entity)
        .and_where(holder::Column::AliveUntil.gt(now))
        .to_owned();
    let has_died = Condition::all()
        .add(Column::CreatedAt.lte(now - LEASE))
        // Where no rows are, NULL is not in them either.
        .add(Column::Holder.is_not_null())
        .add(Column::Holder.not_in_subquery(alive));
    let is_left = Condition::any().add(Column::CreatedAt.lte(now - ABANDONED)).add(has_died);
    let is_unanswered = Condition::all().add(Column::Status.is_null()).add(is_left);
    Condition::any().add(Column::CreatedAt.lte(now - KEPT)).add(is_unanswered)
}

/// Stores the answer in the transaction of the command, so that a crash leaves both or neither. Returns `false` if the
/// process stood still, or the command took, so long that another request took over its key; then the transaction must
/// not be committed.
pub async fn finish(db: &impl ConnectionTrait, held: &HeldKey, answer: &KeptAnswer) -> Result<bool, DbErr> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(i64::from(answer.status)))
        .col_expr(Column::Headers, Expr::value(answer.location.clone()))
        .col_expr(Column::Body, Expr::value(answer.body.clone()))
        .filter(unfinished(held))
        .exec(db)
        .await
        .map(|result| result.rows_affected == 1)
}

/// Frees the key of a command that changed nothing.
pub async fn abandon(db: &impl ConnectionTrait, held: &HeldKey) -> Result<(), DbErr> {
    Entity::delete_many().filter(unfinished(held)).exec(db).await.map(|_| ())
}

fn unfinished(held: &HeldKey) -> Condition {
    Condition::all()
        .add(Column::MerchantId.eq(held.merchant))
        .add(Column::Key.eq(held.key.clone()))
        .add(Column::CreatedAt.eq(held.since))
        .add(Column::Status.is_null())
}

/// The answer in place of one that was erased.
const ERASED: &str = r#"{"type":"about:blank","title":"Gone","status":410,"code":"purged","detail":"The answer was erased with its buyer; the command was carried out."}"#;

/// Erases the merchant's answers that contain this text. Their keys stay used, so that no command runs twice.
pub(crate) async fn forget_answers_with(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    text: &str,
) -> Result<(), DbErr> {
    // Raw SQL: searching bytes has a different function in each database.
    let backend = db.get_database_backend();
    let has = match backend {
        DbBackend::Sqlite => "instr(body, $3) > 0",
        _ => "position($3 in body) > 0",
    };
    let forget = format!("UPDATE idempotency_key SET status = 410, body = $2 WHERE merchant_id = $1 AND {has}");
    let values = [merchant.into(), ERASED.as_bytes().to_vec().into(), text.as_bytes().to_vec().into()];
    db.execute_raw(Statement::from_sql_and_values(backend, forget, values)).await.map(|_| ())
}

/// Removes keys older than 24 hours, and the processes that hold none. Returns how many keys.
pub async fn clean(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    holder::forget_before(db, now - KEPT).await?;
    let gone = Entity::delete_many().filter(Column::CreatedAt.lte(now - KEPT)).exec(db).await?;
    Ok(gone.rows_affected)
}
