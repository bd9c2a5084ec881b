//! Erasing what rows say of buyers.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*, sea_query::Query};

use super::{
    Entity as Batches,
    row_progress::{RowProblem, fail},
    rows::{BatchRow, Column, Entity, RowState},
};
use domain::{MerchantId, PhoneNumber};

/// Erases the contents and problems of rows in batches from before `cutoff`, and cancels the remaining rows. Returns
/// how many.
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
