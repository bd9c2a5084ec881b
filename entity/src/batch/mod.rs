//! Batches of orders. All rows are first validated by the rules for a single order; only then is each carried out,
//! once.

mod counts;
mod erase;
mod insert;
mod row_progress;
mod rows;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*};

pub use counts::{Counts, count};
pub use erase::erase_before;
pub(crate) use erase::erase_contents_with;
pub use insert::{AsRead, NewRow, RowContent, insert_all};
pub use row_progress::{RowProblem, conclude, due, fail, has_order, set_order};
pub use rows::{BatchRow, RowState, happened, page};

use domain::{BatchId, MerchantId, words};

words! {
    /// The state of a batch.
    pub enum BatchState {
        /// Its rows were checked, and none was carried out.
        Ready = "ready",
        /// Its rows are being carried out.
        Running = "running",
        /// Paused by a person.
        Paused = "paused",
        /// All rows were carried out.
        Done = "done",
        /// Cancelled; the remaining rows will not be carried out.
        Cancelled = "cancelled",
    }
}

/// A batch of orders.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batch")]
pub struct Model {
    /// The id of the batch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BatchId,
    /// The batch's merchant.
    pub merchant_id: MerchantId,
    /// The state of the batch.
    pub state: BatchState,
    /// Whether each link is texted to its buyer.
    pub send: bool,
    /// The API key that created it.
    pub actor: String,
    /// The merchant's name for it, such as a file name.
    pub name: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done or cancelled.
    pub ended_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Batch;

/// A batch to insert.
#[derive(Debug)]
pub struct NewBatch {
    /// The id of the batch.
    pub id: BatchId,
    /// The batch's merchant.
    pub merchant_id: MerchantId,
    /// Whether each link is to be texted to its buyer.
    pub send: bool,
    /// The API key that creates it.
    pub actor: String,
    /// The merchant's name for it.
    pub name: Option<String>,
}

/// Inserts a batch whose rows were checked.
pub async fn insert(db: &impl ConnectionTrait, new: NewBatch, now: DateTime<Utc>) -> Result<Batch, DbErr> {
    let row = ActiveModel {
        id: Set(new.id),
        merchant_id: Set(new.merchant_id),
        state: Set(BatchState::Ready),
        send: Set(new.send),
        actor: Set(new.actor),
        name: Set(new.name),
        created_at: Set(now),
        started_at: Set(None),
        ended_at: Set(None),
    };
    row.insert(db).await
}

/// The merchant's batch with this id.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: BatchId) -> Result<Option<Batch>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// A page of the merchant's batches, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    before: Option<BatchId>,
    limit: u64,
) -> Result<Vec<Batch>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant));
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// Starts a batch. Returns `false` if it is not in state `ready`.
pub async fn start(db: &impl ConnectionTrait, batch: &Batch, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let begun = Entity::update_many()
        .col_expr(Column::State, Expr::value(BatchState::Running))
        .col_expr(Column::StartedAt, Expr::value(now))
        .filter(Column::Id.eq(batch.id))
        .filter(Column::State.eq(BatchState::Ready))
        .exec(db)
        .await?;
    Ok(begun.rows_affected == 1)
}

/// Whether the batch is running.
pub async fn is_running(db: &impl ConnectionTrait, batch: BatchId) -> Result<bool, DbErr> {
    let found = Entity::find_by_id(batch).one(db).await?;
    Ok(found.is_some_and(|batch| batch.state == BatchState::Running))
}

/// Pauses a batch. Returns `false` if it is not running.
pub async fn pause(db: &impl ConnectionTrait, batch: &Batch) -> Result<bool, DbErr> {
    turn(db, batch, BatchState::Running, BatchState::Paused).await
}

/// Resumes a paused batch. Returns `false` if it is not paused.
pub async fn resume(db: &impl ConnectionTrait, batch: &Batch) -> Result<bool, DbErr> {
    turn(db, batch, BatchState::Paused, BatchState::Running).await
}

async fn turn(db: &impl ConnectionTrait, batch: &Batch, from: BatchState, to: BatchState) -> Result<bool, DbErr> {
    let turned = Entity::update_many()
        .col_expr(Column::State, Expr::value(to))
        .filter(Column::Id.eq(batch.id))
        .filter(Column::State.eq(from))
        .exec(db)
        .await?;
    Ok(turned.rows_affected == 1)
}

/// Ends a batch in this state, and cancels its remaining rows. Returns `false` if it has already ended.
pub async fn end(
    db: &impl ConnectionTrait,
    batch: &Batch,
    state: BatchState,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let open = [BatchState::Ready, BatchState::Running, BatchState::Paused];
    let ended = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::Id.eq(batch.id))
        .filter(Column::State.is_in(open))
        .exec(db)
        .await?;
    if ended.rows_affected == 0 {
        return Ok(false);
    }
    row_progress::cancel_rest(db, batch.id).await?;
    Ok(true)
}

/// Erases the name of a batch: a file name may contain a buyer's name.
async fn forget_name(db: &impl ConnectionTrait, batch: BatchId) -> Result<(), DbErr> {
    let erased = Entity::update_many().col_expr(Column::Name, Expr::value(Option::<String>::None));
    erased.filter(Column::Id.eq(batch)).exec(db).await.map(|_| ())
}
