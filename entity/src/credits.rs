//! The credit ledger: append-only, and always equal to the balances on the merchant's row.
//!
//! A message's credits are held with the command, then captured when the carrier took it or released when it refused: once,
//! by `credit_entry_one_settlement`. `available` never falls below zero: the hold is one guarded update.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ExprTrait, FromQueryResult, QueryOrder, QuerySelect, entity::prelude::*};

use crate::{CreditEntryId, MerchantId, MessageId, column::words, merchant};

words! {
    /// What an entry does.
    pub enum EntryKind {
        /// Credits were bought.
        TopUp = "top_up",
        /// Credits are set aside for a message.
        Hold = "hold",
        /// The carrier took the message: the held credits are spent.
        Capture = "capture",
        /// The message was not sent: the held credits are available again.
        Release = "release",
    }
}

/// One entry of the ledger. `available_delta` of all entries sums up to what is available, `held_delta` to what is held.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_entry")]
pub struct Model {
    /// Its id; ids sort by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditEntryId,
    /// Whose ledger.
    pub merchant_id: MerchantId,
    /// What it does.
    pub kind: EntryKind,
    /// What it adds to the credits available; negative for a hold.
    pub available_delta: i64,
    /// What it adds to the credits held; negative for a capture and a release.
    pub held_delta: i64,
    /// The credits available after it.
    pub available_after: i64,
    /// For which message.
    pub message_id: Option<MessageId>,
    /// Why, for a top-up.
    pub note: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as CreditEntry;

/// Why credits could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// There are fewer credits available than the message costs.
    #[error("{wanted} credits are needed and {available} are available")]
    Insufficient {
        /// What the message costs.
        wanted: i64,
        /// What there is.
        available: i64,
    },
    /// A number of credits that is not positive.
    #[error("a number of credits must be positive")]
    NotPositive,
    /// The message has no hold to settle.
    #[error("{0} has no credits held")]
    NoHold(MessageId),
    /// The database refused or did not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// Adds bought credits; answers what is available then.
///
/// # Errors
/// [`CreditError::NotPositive`], or the database's.
pub async fn top_up(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    credits: i64,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<i64, CreditError> {
    if credits <= 0 {
        return Err(CreditError::NotPositive);
    }
    let moved = Move { kind: EntryKind::TopUp, available: credits, held: 0, message: None, note };
    append(db, merchant, moved, now).await
}

/// Sets credits aside for a message, in the command's own transaction.
///
/// # Errors
/// [`CreditError::Insufficient`], with nothing changed.
pub async fn hold(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    message: MessageId,
    credits: i64,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    if credits <= 0 {
        return Err(CreditError::NotPositive);
    }
    let moved = Move { kind: EntryKind::Hold, available: -credits, held: credits, message: Some(message), note: None };
    append(db, merchant, moved, now).await.map(|_| ())
}

/// How a hold ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The carrier took the message.
    Capture,
    /// The message was definitely not sent.
    Release,
}

/// Settles a message's hold, once: a hold that is settled already stays as it is, and the answer is `false`.
///
/// # Errors
/// [`CreditError::NoHold`], or the database's.
pub async fn settle(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    message: MessageId,
    settlement: Settlement,
    now: DateTime<Utc>,
) -> Result<bool, CreditError> {
    // The merchant's row is the lock under which all entries of one ledger are written.
    merchant::Entity::find_by_id(merchant).lock_exclusive().one(db).await?;
    let entries =
        Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::MessageId.eq(message)).all(db).await?;
    if entries.iter().any(|entry| matches!(entry.kind, EntryKind::Capture | EntryKind::Release)) {
        return Ok(false);
    }
    let hold = entries.iter().find(|entry| entry.kind == EntryKind::Hold).ok_or(CreditError::NoHold(message))?;
    let (kind, available) = match settlement {
        Settlement::Capture => (EntryKind::Capture, 0),
        Settlement::Release => (EntryKind::Release, hold.held_delta),
    };
    let moved = Move { kind, available, held: -hold.held_delta, message: Some(message), note: None };
    append(db, merchant, moved, now).await?;
    Ok(true)
}

struct Move {
    kind: EntryKind,
    available: i64,
    held: i64,
    message: Option<MessageId>,
    note: Option<String>,
}

/// Moves the balances by a guarded update and writes the entry that says so.
async fn append(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    moved: Move,
    now: DateTime<Utc>,
) -> Result<i64, CreditError> {
    let guarded = merchant::Entity::update_many()
        .col_expr(merchant::Column::Available, Expr::col(merchant::Column::Available).add(moved.available))
        .col_expr(merchant::Column::Held, Expr::col(merchant::Column::Held).add(moved.held))
        .filter(merchant::Column::Id.eq(merchant))
        .filter(merchant::Column::Available.gte(-moved.available))
        .exec(db)
        .await?;
    let available = merchant::get(db, merchant).await?.available;
    if guarded.rows_affected == 0 {
        return Err(CreditError::Insufficient { wanted: -moved.available, available });
    }
    let entry = ActiveModel {
        id: Set(CreditEntryId::new(now)),
        merchant_id: Set(merchant),
        kind: Set(moved.kind),
        available_delta: Set(moved.available),
        held_delta: Set(moved.held),
        available_after: Set(available),
        message_id: Set(moved.message),
        note: Set(moved.note),
        created_at: Set(now),
    };
    Entity::insert(entry).exec_without_returning(db).await?;
    Ok(available)
}

/// A page of the merchant's ledger, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn entries(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    before: Option<CreditEntryId>,
    limit: u64,
) -> Result<Vec<CreditEntry>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// A merchant whose balances are not the sum of their ledger. There must be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Available and held on the merchant's row.
    pub on_row: (i64, i64),
    /// Available and held by the ledger.
    pub by_ledger: (i64, i64),
}

#[derive(FromQueryResult)]
struct Sums {
    available: Option<i64>,
    held: Option<i64>,
}

/// Recomputes every balance from the ledger, merchant by merchant, each in its own transaction's view.
///
/// # Errors
/// When the database does not answer.
pub async fn audit(db: &crate::Db) -> Result<Vec<Discrepancy>, DbErr> {
    let mut found = Vec::new();
    for id in merchant::ids(db.pool()).await? {
        let tx = db.begin().await?;
        // Under the ledger's lock, so that no entry lands between the two readings.
        let Some(row) = merchant::Entity::find_by_id(id).lock_exclusive().one(&tx).await? else { continue };
        let sum = |column: Column| Expr::col(column).sum().cast_as("bigint");
        let sums = Entity::find()
            .select_only()
            .column_as(sum(Column::AvailableDelta), "available")
            .column_as(sum(Column::HeldDelta), "held")
            .filter(Column::MerchantId.eq(id))
            .into_model::<Sums>()
            .one(&tx)
            .await?;
        let by_ledger = sums.map_or((0, 0), |sums| (sums.available.unwrap_or(0), sums.held.unwrap_or(0)));
        if by_ledger != (row.available, row.held) {
            found.push(Discrepancy { merchant_id: id, on_row: (row.available, row.held), by_ledger });
        }
        tx.rollback().await?;
    }
    Ok(found)
}
