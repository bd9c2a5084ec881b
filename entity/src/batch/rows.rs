//! The rows of a batch. The content of a row is erased as soon as the row is done.

use std::collections::HashMap;

use sea_orm::{QueryOrder, QuerySelect, QueryTrait, entity::prelude::*};

use domain::{BatchId, LinkId, MerchantId, MessageId, OrderId, words};

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
    /// The row's merchant.
    pub merchant_id: MerchantId,
    /// The merchant's key for the row, which is carried out once.
    pub key: String,
    /// The state of the row.
    pub state: RowState,
    /// Its [`RowContent`](super::RowContent) as JSON, until the row is done, or of a refused row what was read.
    pub content: Option<String>,
    /// The merchant's order number, until the order is created.
    pub order_number: Option<String>,
    /// The amount in minor units, if the row is valid.
    pub minor: Option<i64>,
    /// The currency of the amount.
    pub currency: Option<String>,
    /// The cost of its text.
    pub credits: i64,
    /// What is wrong with the row: a [`RowProblem`](super::RowProblem), or a code of the API.
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

/// The orders that rows with these keys have already become.
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

/// A page of a batch's rows, in order, after the row with that number. Optionally of one state.
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
