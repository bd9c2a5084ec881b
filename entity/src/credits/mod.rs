//! The credit ledger: append-only, and always equal to the balance on the merchant's row.
//!
//! A message's credits are held with the command, then captured when the carrier accepts it or released when it
//! refuses; the unique index `credit_entry_one_settlement` lets that happen once. `available` never drops below zero,
//! because the hold is one guarded update. Entries are numbered without gaps by a counter on the merchant's row.

mod audit;
pub mod checkpoint;
mod error;
mod hold_capture_release;
pub mod purchase;
mod statement;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ExprTrait, entity::prelude::*};

pub use audit::{Audit, AuditScope, Discrepancy, audit};
pub use error::CreditError;
pub use hold_capture_release::{HoldEnd, end_hold, hold};
pub use statement::{entries, held_without_report, statement};

use crate::{
    Merchant, Transaction,
    attention::{self, AttentionKind, Matter},
    change::{Change, ChangeKind},
    merchant, metrics,
};
use domain::{CreditEntryId, CreditPurchaseId, MerchantId, MessageId, words};

words! {
    /// What an entry of the ledger does.
    pub enum EntryKind {
        /// Credits were bought.
        TopUp = "top_up",
        /// Credits were held for a message.
        Hold = "hold",
        /// The carrier accepted the message: its held credits are spent.
        Capture = "capture",
        /// The message was not sent: its held credits are available again.
        Release = "release",
        /// Credits were bought with a payment at the operator's Stripe account.
        Purchase = "purchase",
        /// A purchase's money was returned, or arrived after all: credits are taken back, or added again.
        Refund = "refund",
        /// The operator corrected the balance, with a reason.
        Correction = "correction",
    }
}

/// An entry of the ledger. The sum of all `available_delta` is what is available, that of `held_delta` what is held.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_entry")]
pub struct Model {
    /// The id of the entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditEntryId,
    /// The merchant whose ledger it is in.
    pub merchant_id: MerchantId,
    /// Its number in that ledger, from 1.
    pub number: i64,
    /// What it does.
    pub kind: EntryKind,
    /// The change of the available credits; negative for a hold.
    pub available_delta: i64,
    /// The change of the held credits; negative for a capture and a release.
    pub held_delta: i64,
    /// The credits available after it.
    pub available_after: i64,
    /// The message it is for.
    pub message_id: Option<MessageId>,
    /// The reason of a top-up or a correction.
    pub note: Option<String>,
    /// The purchase it is for.
    pub purchase_id: Option<CreditPurchaseId>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as CreditEntry;

/// The most credits added at once: more than anyone buys, and far from an overflow of sums.
const MOST_TOPPED_UP: i64 = 1_000_000_000;

/// The most characters of an entry's note.
pub const LONGEST_NOTE: usize = 200;

/// Adds credits that were paid for. Returns what is available then.
///
/// # Errors
/// Returns [`CreditError::NotPositive`], [`CreditError::TooMany`], [`CreditError::BadNote`], or an error if the
/// database query fails.
pub async fn top_up(
    tx: &Transaction,
    merchant: MerchantId,
    credits: i64,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<i64, CreditError> {
    if credits <= 0 {
        return Err(CreditError::NotPositive);
    }
    if credits > MOST_TOPPED_UP {
        return Err(CreditError::TooMany);
    }
    if note.as_deref().is_some_and(is_bad_note) {
        return Err(CreditError::BadNote);
    }
    let moved = Move { kind: EntryKind::TopUp, available: credits, held: 0, message: None, purchase: None, note };
    append(tx, merchant, moved, now).await
}

/// Corrects the balance up or down, with a reason. Returns what is available then.
///
/// # Errors
/// Returns [`CreditError::Nothing`], [`CreditError::TooMany`], [`CreditError::BadNote`], [`CreditError::Insufficient`]
/// if more credits would be taken than are available, or an error if the database query fails.
pub async fn correct(
    tx: &Transaction,
    merchant: MerchantId,
    credits: i64,
    reason: String,
    now: DateTime<Utc>,
) -> Result<i64, CreditError> {
    if credits == 0 {
        return Err(CreditError::Nothing);
    }
    if !(-MOST_TOPPED_UP..=MOST_TOPPED_UP).contains(&credits) {
        return Err(CreditError::TooMany);
    }
    if reason.trim().is_empty() || is_bad_note(&reason) {
        return Err(CreditError::BadNote);
    }
    let kind = EntryKind::Correction;
    let moved = Move { kind, available: credits, held: 0, message: None, purchase: None, note: Some(reason) };
    append(tx, merchant, moved, now).await
}

fn is_bad_note(note: &str) -> bool {
    note.chars().nth(LONGEST_NOTE).is_some() || note.chars().any(char::is_control)
}

struct Move {
    kind: EntryKind,
    available: i64,
    held: i64,
    message: Option<MessageId>,
    purchase: Option<CreditPurchaseId>,
    note: Option<String>,
}

/// Moves the balances by a guarded update and writes the entry. Returns what is available then.
async fn append(tx: &Transaction, merchant: MerchantId, moved: Move, now: DateTime<Utc>) -> Result<i64, CreditError> {
    let owner = loop {
        let done = move_balances(tx, merchant, &moved).await?;
        let owner = merchant::get(tx, merchant).await?;
        if done {
            break owner;
        }
        // Credits may have arrived between the two statements: then try again.
        if owner.available < -moved.available {
            return Err(CreditError::Insufficient { wanted: -moved.available, available: owner.available });
        }
    };
    let entry = ActiveModel {
        id: Set(CreditEntryId::new(now)),
        merchant_id: Set(merchant),
        number: Set(owner.ledger_entries),
        kind: Set(moved.kind),
        available_delta: Set(moved.available),
        held_delta: Set(moved.held),
        available_after: Set(owner.available),
        message_id: Set(moved.message),
        note: Set(moved.note),
        purchase_id: Set(moved.purchase),
        created_at: Set(now),
    };
    Entity::insert(entry).exec_without_returning(tx).await?;
    tx.changed(Change::credits(ChangeKind::CreditsUpdated, merchant, now));
    note_low_credit(tx, &owner, now).await?;
    if moved.kind == EntryKind::Capture {
        metrics::captured(-moved.held);
    }
    Ok(owner.available)
}

/// The guarded update. Returns `false` if fewer credits are available than needed.
async fn move_balances(tx: &Transaction, merchant: MerchantId, moved: &Move) -> Result<bool, DbErr> {
    let guarded = merchant::Entity::update_many()
        .col_expr(merchant::Column::Available, Expr::col(merchant::Column::Available).add(moved.available))
        .col_expr(merchant::Column::Held, Expr::col(merchant::Column::Held).add(moved.held))
        .col_expr(merchant::Column::LedgerEntries, Expr::col(merchant::Column::LedgerEntries).add(1))
        .filter(merchant::Column::Id.eq(merchant))
        .filter(merchant::Column::Available.gte(-moved.available))
        .exec(tx)
        .await?;
    Ok(guarded.rows_affected == 1)
}

/// Warns once when credits fall below the merchant's threshold, and again only after they have risen above it.
async fn note_low_credit(tx: &Transaction, owner: &Merchant, now: DateTime<Utc>) -> Result<(), DbErr> {
    let is_low = owner.is_low_on_credit();
    if is_low == owner.low_credit_since.is_some() {
        return Ok(());
    }
    if is_low {
        tracing::warn!(merchant.id = %owner.id, owner.available, threshold = owner.low_credit_threshold, "credits are low");
        tx.changed(Change::credits(ChangeKind::CreditsLow, owner.id, now));
    }
    merchant::set_low_credit_since(tx, owner.id, is_low.then_some(now)).await?;
    if is_low {
        let matter = Matter::of_merchant(owner.id, AttentionKind::LowCredit, "credits", None);
        return attention::open(tx, vec![matter], now).await;
    }
    attention::resolve_by_itself(tx, owner.id, AttentionKind::LowCredit, "credits", now).await
}
