//! The rows of a batch. The content of a row is erased as soon as the row is done.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ExprTrait, QueryOrder, QuerySelect, QueryTrait, entity::prelude::*, sea_query::Query};
use serde::{Deserialize, Serialize};

use super::{Batch, Entity as Batches};
use crate::{
    json_column::stored_json,
    message::CommandError,
    order::{Dates, Details, Kept, NewOrder},
};
use domain::{BatchId, Currency, LinkId, MerchantId, MessageId, Money, OrderId, PhoneNumber, words};

words! {
    /// The state of a row.
    pub enum RowState {
        /// It can be carried out.
        Ready = "ready",
        /// It was refused by the check; the row says why.
        Refused = "refused",
        /// Its order and its link were created.
        Done = "done",
        /// Carrying it out failed; the row says why.
        Failed = "failed",
        /// Its batch was cancelled first.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why a row failed, or was done without its text. Rows that the check refuses have the API's codes instead.
    pub enum RowProblem {
        /// The operator has suspended the merchant.
        MerchantSuspended = "merchant_suspended",
        /// The details page of the order cannot be rendered.
        CannotBeDrawn = "cannot_be_drawn",
        /// The order has another open link.
        LinkOpen = "link_open",
        /// An order with this number exists.
        OrderExists = "order_exists",
        /// A row with this key was done in another batch.
        DoneBefore = "done_before",
        /// The buyer was erased.
        Erased = "erased",
        /// There are not enough credits for the text.
        InsufficientCredits = "insufficient_credits",
        /// The buyer has opted out of texts.
        OptedOut = "opted_out",
        /// The merchant has no carrier.
        SmsNotConnected = "sms_not_connected",
        /// The buyer has no number, or it was erased.
        NoPhoneNumber = "no_phone_number",
        /// The template renders no valid text.
        NoText = "no_text",
    }
}

impl RowProblem {
    /// Why a row's text was refused.
    ///
    /// # Errors
    /// Returns an error that says nothing about the row: the database query failed, or stored data is damaged.
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
    /// The batch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: BatchId,
    /// The row's number, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// The merchant's key for the row, which is carried out once.
    pub key: String,
    /// The state of the row.
    pub state: RowState,
    /// Its [`Content`] as JSON, until the row is done, or of a refused row what was read.
    pub content: Option<String>,
    /// The merchant's order number, until the order is created.
    pub order_number: Option<String>,
    /// The amount in minor units, if the row is valid.
    pub minor: Option<i64>,
    /// The currency of the amount.
    pub currency: Option<String>,
    /// The cost of its text.
    pub credits: i64,
    /// What is wrong with the row: a [`RowProblem`], or a code of the API.
    pub problem: Option<String>,
    /// The problem in words; erased with the content.
    pub detail: Option<String>,
    /// The order created from the row.
    pub order_id: Option<OrderId>,
    /// The link created from the row.
    pub link_id: Option<LinkId>,
    /// The text sent with the link.
    pub message_id: Option<MessageId>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as BatchRow;

/// The content of a row: an order that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    number: String,
    customer_name: String,
    customer_phone: String,
    minor: i64,
    currency: String,
    details: Details,
    kept: Kept,
    #[serde(default)]
    dates: Dates,
}

impl Content {
    /// The content that creates this order.
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
            dates: order.dates,
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

    /// The order to insert.
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
            dates: self.dates,
            kept: self.kept,
        })
    }
}

/// What was read of a row that cannot be carried out; empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsRead {
    /// The buyer's name.
    pub customer_name: String,
    /// The buyer's phone number: in E.164 if it is one, so that an erasure finds it, or as it was written.
    pub customer_phone: String,
    /// The amount.
    pub amount: String,
}

/// What is stored of a refused row. The version before this reads it as a [`Content`].
#[derive(Serialize)]
struct StoredAsRead<'a> {
    #[serde(flatten)]
    read: &'a AsRead,
    number: &'a str,
    minor: i64,
    currency: &'a str,
    details: Details,
    kept: Kept,
}

impl AsRead {
    fn stored(&self) -> Result<String, DbErr> {
        let (details, kept) = (Details::default(), Kept::default());
        stored_json(&StoredAsRead { read: self, number: "", minor: 0, currency: "", details, kept })
    }
}

/// A row that was checked.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// The merchant's key for the row.
    pub key: String,
    /// The merchant's order number, if there is one.
    pub order_number: Option<String>,
    /// The content, if the row is valid.
    pub content: Option<Content>,
    /// What was read, if it is not.
    pub read: Option<AsRead>,
    /// The cost of its text.
    pub credits: i64,
    /// A problem or a warning, as a word.
    pub problem: Option<String>,
    /// The problem in words.
    pub detail: Option<String>,
    /// The order that the row's key has become in another batch.
    pub order_id: Option<OrderId>,
}

/// The most rows in one statement.
const AT_ONCE: usize = 200;

/// Inserts the rows of a batch, in order.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert_all(db: &impl ConnectionTrait, batch: &Batch, rows: Vec<NewRow>) -> Result<(), DbErr> {
    let mut written = Vec::with_capacity(rows.len());
    for (number, row) in (1..).zip(rows) {
        let content = row.content.as_ref().map(stored_json).transpose()?;
        let state = if content.is_some() { RowState::Ready } else { RowState::Refused };
        let read = row.read.as_ref().map(AsRead::stored).transpose()?;
        written.push(ActiveModel {
            batch_id: Set(batch.id),
            number: Set(number),
            merchant_id: Set(batch.merchant_id),
            key: Set(row.key),
            state: Set(state),
            order_number: Set(row.order_number),
            minor: Set(row.content.as_ref().map(|content| content.minor)),
            currency: Set(row.content.map(|content| content.currency)),
            content: Set(content.or(read)),
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

/// The orders that rows with these keys have already become.
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
        // A literal, so that the partial index with this condition is used.
        .filter(Expr::cust("batch_row.state <> 'refused'"))
        .filter(Column::OrderId.is_not_null())
        .all(db)
        .await?;
    Ok(found.into_iter().filter_map(|row| Some((row.key, row.order_id?))).collect())
}

/// The rows of a batch by state, with their totals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All rows.
    pub rows: i64,
    /// Rows still to be carried out.
    pub ready: i64,
    /// Rows that the check refused.
    pub refused: i64,
    /// Rows that are done.
    pub done: i64,
    /// Rows that failed.
    pub failed: i64,
    /// Rows that were cancelled.
    pub cancelled: i64,
    /// The cost of the texts of rows that are ready or done.
    pub credits: i64,
    /// The number of these texts.
    pub texts: i64,
    /// The totals of these rows in minor units, by currency.
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

/// A page of a batch's rows, in order, after the row with that number. Optionally of one state.
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

/// The next rows of a batch to carry out.
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

/// Whether the row has an order, which another worker may have recorded meanwhile.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn has_order(db: &impl ConnectionTrait, row: &BatchRow) -> Result<bool, DbErr> {
    let found = Entity::find_by_id((row.batch_id, row.number)).one(db).await?;
    Ok(found.is_some_and(|row| row.order_id.is_some()))
}

/// Records the order of a row. Returns `false` if it already has one, or is no longer to be carried out.
///
/// # Errors
/// Returns an error if the row's key was carried out before, or if the database query fails.
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

/// Marks a row as done with its results, and erases its content. Returns `false` if another worker did.
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

/// Marks a row as failed, with the reason.
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

/// Cancels the remaining rows.
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

/// Erases the contents and problems of rows in batches from before `cutoff`, and cancels the remaining rows. Returns
/// how many.
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

/// Erases a buyer with this number from rows that were not carried out, and cancels those rows.
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
        forget_read(db, &row).await?;
    }
    Ok(())
}

/// Erases what was read of a refused row.
async fn forget_read(db: &impl ConnectionTrait, row: &BatchRow) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Content, Expr::value(Option::<String>::None))
        .filter(Column::BatchId.eq(row.batch_id))
        .filter(Column::Number.eq(row.number))
        .filter(Column::State.eq(RowState::Refused))
        .exec(db)
        .await
        .map(|_| ())
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
