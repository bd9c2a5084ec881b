//! The rows of a batch. A row's contents are kept until it is done, and no longer.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ExprTrait, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*, sea_query::Query};
use serde::{Deserialize, Serialize};

use super::{Batch, Entity as Batches};
use crate::{
    json_column::stored_json,
    message::CommandError,
    order::{Details, Kept, NewOrder},
};
use domain::{BatchId, Currency, LinkId, MerchantId, MessageId, Money, OrderId, PhoneNumber, words};

words! {
    /// Where a row is.
    pub enum RowState {
        /// It can be done.
        Ready = "ready",
        /// It cannot, for the reason that it tells.
        Refused = "refused",
        /// There are its order and its link.
        Done = "done",
        /// It was begun and could not be done, for the reason that it tells.
        Failed = "failed",
        /// Its batch was cancelled before it was done.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why a row could not be done, or was done without its text. Rows that are refused when they are checked have the API's codes.
    pub enum RowProblem {
        /// The operator has the merchant suspended.
        MerchantSuspended = "merchant_suspended",
        /// The details of the order cannot be drawn.
        CannotBeDrawn = "cannot_be_drawn",
        /// The order has another open link.
        LinkOpen = "link_open",
        /// There is an order with this number.
        OrderExists = "order_exists",
        /// A row with this key was done in another batch.
        DoneBefore = "done_before",
        /// The buyer was erased.
        Erased = "erased",
        /// There are too few credits for the text.
        InsufficientCredits = "insufficient_credits",
        /// The buyer wants no texts.
        OptedOut = "opted_out",
        /// The merchant has no carrier.
        SmsNotConnected = "sms_not_connected",
        /// The buyer has no number, or it was erased.
        NoPhoneNumber = "no_phone_number",
        /// The template makes no text of it.
        NoText = "no_text",
    }
}

impl RowProblem {
    /// Why a row's text was not accepted.
    ///
    /// # Errors
    /// When that says nothing about the row: the database did not answer, or what it holds is damaged.
    pub fn of(refused: CommandError) -> Result<Self, DbErr> {
        match refused {
            CommandError::NoNumber => Ok(Self::NoPhoneNumber),
            CommandError::Suspended => Ok(Self::MerchantSuspended),
            CommandError::OptedOut => Ok(Self::OptedOut),
            CommandError::NotConnected => Ok(Self::SmsNotConnected),
            CommandError::NoText(_) => Ok(Self::NoText),
            CommandError::TooFewCredits { .. } => Ok(Self::InsufficientCredits),
            CommandError::Db(error) => Err(error),
        }
    }
}

/// A row of a batch.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batch_row")]
pub struct Model {
    /// Of which batch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: BatchId,
    /// Which of it, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Whose.
    pub merchant_id: MerchantId,
    /// The merchant's own name for it: it happens once.
    pub key: String,
    /// Where it is.
    pub state: RowState,
    /// Its [`Content`] as JSON, until it is done.
    pub content: Option<String>,
    /// The merchant's number for the order, until the order has it.
    pub order_number: Option<String>,
    /// What is asked for, in minor units, of a row that can be done.
    pub minor: Option<i64>,
    /// Of which currency.
    pub currency: Option<String>,
    /// What its text costs.
    pub credits: i64,
    /// What is wrong with it: a [`RowProblem`], or the API's code.
    pub problem: Option<String>,
    /// The same for people; erased with the content.
    pub detail: Option<String>,
    /// The order that it became.
    pub order_id: Option<OrderId>,
    /// The link that it became.
    pub link_id: Option<LinkId>,
    /// The text that was sent with it.
    pub message_id: Option<MessageId>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as BatchRow;

/// What a row is to become: an order that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    number: String,
    customer_name: String,
    customer_phone: String,
    minor: i64,
    currency: String,
    details: Details,
    kept: Kept,
}

impl Content {
    /// As an order would be written.
    #[must_use]
    pub fn of(order: &NewOrder) -> Self {
        Self {
            number: order.number.clone(),
            customer_name: order.customer_name.clone(),
            customer_phone: order.customer_phone.as_e164().to_owned(),
            minor: order.money.minor(),
            currency: order.money.currency().as_str().to_owned(),
            details: order.details.clone(),
            kept: order.kept.clone(),
        }
    }

    /// The buyer's name.
    #[must_use]
    pub fn customer_name(&self) -> &str {
        &self.customer_name
    }

    /// The buyer's phone number, in E.164.
    #[must_use]
    pub fn customer_phone(&self) -> &str {
        &self.customer_phone
    }

    /// The order that is to be written.
    ///
    /// # Errors
    /// Returns an error if the stored value is damaged.
    pub fn into_order(self, merchant: MerchantId) -> Result<NewOrder, DbErr> {
        let damaged = |error: &dyn std::fmt::Display| DbErr::Type(error.to_string());
        let currency = Currency::parse(&self.currency).map_err(|error| damaged(&error))?;
        Ok(NewOrder {
            merchant_id: merchant,
            number: self.number,
            customer_name: self.customer_name,
            customer_phone: PhoneNumber::from_e164(&self.customer_phone).map_err(|error| damaged(&error))?,
            money: Money::from_minor(self.minor, currency).map_err(|error| damaged(&error))?,
            details: self.details,
            kept: self.kept,
        })
    }
}

/// A row that was looked at.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// The merchant's own name for it.
    pub key: String,
    /// The merchant's number for the order, if it has one.
    pub order_number: Option<String>,
    /// What it is to become, if it can be done.
    pub content: Option<Content>,
    /// What its text will cost.
    pub credits: i64,
    /// What is wrong with it, or worth to know, as a word.
    pub problem: Option<String>,
    /// The same for people.
    pub detail: Option<String>,
    /// The order that it became in another batch.
    pub order_id: Option<OrderId>,
}

/// How many rows are written by one statement.
const AT_ONCE: usize = 200;

/// Writes the rows of a batch, in their order.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert_all(db: &impl ConnectionTrait, batch: &Batch, rows: Vec<NewRow>) -> Result<(), DbErr> {
    let mut written = Vec::with_capacity(rows.len());
    for (number, row) in (1..).zip(rows) {
        let content = row.content.as_ref().map(stored_json).transpose()?;
        written.push(ActiveModel {
            batch_id: Set(batch.id),
            number: Set(number),
            merchant_id: Set(batch.merchant_id),
            key: Set(row.key),
            state: Set(if content.is_some() { RowState::Ready } else { RowState::Refused }),
            order_number: Set(row.order_number),
            minor: Set(row.content.as_ref().map(|content| content.minor)),
            currency: Set(row.content.map(|content| content.currency)),
            content: Set(content),
            credits: Set(row.credits),
            problem: Set(row.problem),
            detail: Set(row.detail),
            order_id: Set(row.order_id),
            link_id: Set(None),
            message_id: Set(None),
        });
    }
    for rows in written.chunks(AT_ONCE) {
        Entity::insert_many(rows.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The orders that rows with these keys have become already.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn happened(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    keys: Vec<String>,
) -> Result<HashMap<String, OrderId>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let found = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Key.is_in(keys))
        // Written out, as the index of what happened is.
        .filter(Expr::cust("batch_row.state <> 'refused'"))
        .filter(Column::OrderId.is_not_null())
        .all(db)
        .await?;
    Ok(found.into_iter().filter_map(|row| Some((row.key, row.order_id?))).collect())
}

/// How many rows a batch has in each state, and what they cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub rows: i64,
    /// Those that can be done and are not yet.
    pub ready: i64,
    /// Those that cannot.
    pub refused: i64,
    /// Those that are done.
    pub done: i64,
    /// Those that were begun and could not be done.
    pub failed: i64,
    /// Those that were cancelled.
    pub cancelled: i64,
    /// What the texts of those that can be done, and of those that are, cost.
    pub credits: i64,
    /// How many texts those are.
    pub texts: i64,
    /// What those rows ask for, in minor units by currency.
    pub totals: BTreeMap<String, i64>,
}

/// Counts the rows of a batch.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn count(db: &impl ConnectionTrait, batch: BatchId) -> Result<Counts, DbErr> {
    let rows: Vec<(RowState, i64, Option<i64>, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::State, Column::Credits, Column::Minor, Column::Currency])
        .filter(Column::BatchId.eq(batch))
        .into_tuple()
        .all(db)
        .await?;
    let mut counts = Counts::default();
    for (state, credits, minor, currency) in rows {
        counts.rows += 1;
        match state {
            RowState::Ready => counts.ready += 1,
            RowState::Refused => counts.refused += 1,
            RowState::Done => counts.done += 1,
            RowState::Failed => counts.failed += 1,
            RowState::Cancelled => counts.cancelled += 1,
        }
        if !matches!(state, RowState::Ready | RowState::Done) {
            continue;
        }
        if credits > 0 {
            counts.credits += credits;
            counts.texts += 1;
        }
        if let (Some(minor), Some(currency)) = (minor, currency) {
            *counts.totals.entry(currency).or_default() += minor;
        }
    }
    Ok(counts)
}

/// A page of a batch's rows, in their order, after the row of that number; of one state, or of all.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn page(
    db: &impl ConnectionTrait,
    batch: BatchId,
    state: Option<RowState>,
    after: i64,
    limit: u64,
) -> Result<Vec<BatchRow>, DbErr> {
    Entity::find()
        .filter(Column::BatchId.eq(batch))
        .apply_if(state, |query, state| query.filter(Column::State.eq(state)))
        .filter(Column::Number.gt(after))
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(db)
        .await
}

/// The next rows of a batch that are to be done.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn due(db: &impl ConnectionTrait, batch: BatchId, limit: u64) -> Result<Vec<BatchRow>, DbErr> {
    Entity::find()
        .filter(Column::BatchId.eq(batch))
        .filter(Column::State.eq(RowState::Ready))
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(db)
        .await
}

/// Whether the row has an order, as somebody else may have noted meanwhile.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn has_order(db: &impl ConnectionTrait, row: &BatchRow) -> Result<bool, DbErr> {
    let found = Entity::find_by_id((row.batch_id, row.number)).one(db).await?;
    Ok(found.is_some_and(|row| row.order_id.is_some()))
}

/// Notes the order that a row has become; `false` if it has one, or is not to be done any more.
///
/// # Errors
/// When the database refuses, as it does for a key that has happened, or does not answer.
pub async fn set_order(db: &impl ConnectionTrait, row: &BatchRow, order: OrderId) -> Result<bool, DbErr> {
    let set = Entity::update_many()
        .col_expr(Column::OrderId, Expr::value(order))
        .filter(Column::BatchId.eq(row.batch_id))
        .filter(Column::Number.eq(row.number))
        .filter(Column::State.eq(RowState::Ready))
        .filter(Column::OrderId.is_null())
        .exec(db)
        .await?;
    Ok(set.rows_affected == 1)
}

/// Concludes a row with what it has become, and erases what it was to become; `false` if somebody else did.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn conclude(
    db: &impl ConnectionTrait,
    row: &BatchRow,
    link: LinkId,
    message: Option<MessageId>,
    problem: Option<String>,
) -> Result<bool, DbErr> {
    let done = Entity::update_many()
        .col_expr(Column::State, Expr::value(RowState::Done))
        .col_expr(Column::Content, Expr::value(Option::<String>::None))
        .col_expr(Column::OrderNumber, Expr::value(Option::<String>::None))
        .col_expr(Column::LinkId, Expr::value(link))
        .col_expr(Column::MessageId, Expr::value(message))
        .col_expr(Column::Problem, Expr::value(problem))
        .filter(Column::BatchId.eq(row.batch_id))
        .filter(Column::Number.eq(row.number))
        .filter(Column::State.eq(RowState::Ready))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Notes that a row could not be done, and why.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn fail(db: &impl ConnectionTrait, row: &BatchRow, problem: RowProblem, detail: String) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(RowState::Failed))
        .col_expr(Column::Content, Expr::value(Option::<String>::None))
        .col_expr(Column::Problem, Expr::value(problem))
        .col_expr(Column::Detail, Expr::value(detail))
        .filter(Column::BatchId.eq(row.batch_id))
        .filter(Column::Number.eq(row.number))
        .filter(Column::State.eq(RowState::Ready))
        .exec(db)
        .await
        .map(|_| ())
}

/// What was not done will not be.
pub(super) async fn cancel_rest(db: &impl ConnectionTrait, batch: BatchId) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(RowState::Cancelled))
        .col_expr(Column::Content, Expr::value(Option::<String>::None))
        .filter(Column::BatchId.eq(batch))
        .filter(Column::State.eq(RowState::Ready))
        .exec(db)
        .await
        .map(|_| ())
}

/// Erases what rows of batches from before `cutoff` were to become, and what was wrong with them; answers how many. What was not done
/// by then will not be.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn erase_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let not_erased = Query::select()
        .column(Column::BatchId)
        .from(Entity)
        .and_where(Column::Key.ne(""))
        .and_where(Column::OrderId.is_null())
        .to_owned();
    let old = Batches::find()
        .filter(super::Column::CreatedAt.lte(cutoff))
        .filter(super::Column::Id.in_subquery(not_erased).or(super::Column::Name.is_not_null()))
        .all(db)
        .await?;
    let mut erased = 0;
    for batch in old {
        super::end(db, &batch, super::BatchState::Cancelled, now).await?;
        let rows = Entity::update_many()
            .col_expr(Column::Content, Expr::value(Option::<String>::None))
            .col_expr(Column::Detail, Expr::value(Option::<String>::None))
            .col_expr(Column::OrderNumber, Expr::value(Option::<String>::None))
            .col_expr(Column::Key, Expr::value(""))
            .filter(Column::BatchId.eq(batch.id))
            .filter(Column::Key.ne(""))
            .filter(Column::OrderId.is_null())
            .exec(db)
            .await?;
        super::forget_name(db, batch.id).await?;
        erased += rows.rows_affected;
    }
    Ok(erased)
}

/// Erases what is kept of a buyer with this number in rows that were not done: those will not be.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn erase_contents_with(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<(), DbErr> {
    let waiting = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Content.contains(phone.as_e164()))
        .all(db)
        .await?;
    for row in waiting {
        fail(db, &row, RowProblem::Erased, "The buyer was erased.".to_owned()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credits::CreditError;

    #[test]
    fn what_is_no_fault_of_a_row_is_not_told_on_it() {
        let of = |refused: CreditError| RowProblem::of(refused.into());
        let too_few = CreditError::Insufficient { wanted: 2, available: 1 };
        assert_eq!(of(too_few).ok(), Some(RowProblem::InsufficientCredits));
        assert!(of(CreditError::NotPositive).is_err(), "a broken invariant is not a lack of credits");
        assert!(of(CreditError::NoHold(MessageId::new(Utc::now()))).is_err());
        assert!(of(CreditError::Db(DbErr::Custom("away".to_owned()))).is_err());
        let damaged = CommandError::no_text(DbErr::Json("damaged".to_owned()).into());
        assert!(RowProblem::of(damaged).is_err(), "a damaged row is not a template that makes no text");
        assert_eq!(RowProblem::of(CommandError::NoNumber).ok(), Some(RowProblem::NoPhoneNumber));
    }
}
