//! The progress of a batch: which rows are next, and what became of each.

use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::rows::{BatchRow, Column, Entity, RowState};
use crate::message::NotAccepted;
use domain::{BatchId, LinkId, MessageId, OrderId, words};

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
    pub fn of(refused: NotAccepted) -> Result<Self, DbErr> {
        match refused {
            NotAccepted::NoNumber => Ok(Self::NoPhoneNumber),
            NotAccepted::Suspended => Ok(Self::MerchantSuspended),
            NotAccepted::OptedOut => Ok(Self::OptedOut),
            NotAccepted::NotConnected => Ok(Self::SmsNotConnected),
            NotAccepted::NoText(_) => Ok(Self::NoText),
            NotAccepted::TooFewCredits { .. } => Ok(Self::InsufficientCredits),
            NotAccepted::Db(error) => Err(error),
        }
    }
}

/// The next rows of a batch to carry out.
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

#[cfg(test)]
mod tests {
    use chrono::Utc;

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
        let damaged = NotAccepted::no_text(DbErr::Json("damaged".to_owned()).into());
        assert!(RowProblem::of(damaged).is_err(), "a damaged row is not a template that makes no text");
        assert_eq!(RowProblem::of(NotAccepted::NoNumber).ok(), Some(RowProblem::NoPhoneNumber));
    }
}
