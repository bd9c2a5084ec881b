//! Up to which entry a ledger was audited, so that the next audit reads only what came since.

use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use crate::Merchant;
use domain::MerchantId;

/// A ledger that added up at its last audit.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_checkpoint")]
pub struct Model {
    /// The merchant whose ledger it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// How many entries it had, which is the number of the last one.
    pub entries: i64,
    /// The credits available by them.
    pub available: i64,
    /// The credits held by them.
    pub held: i64,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Checkpoint;

/// The merchant's, if its ledger added up at its last audit.
pub(super) async fn find(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<Checkpoint>, DbErr> {
    Entity::find_by_id(merchant).one(db).await
}

/// Records that the ledger adds up to what is on this row.
pub(super) async fn record(db: &impl ConnectionTrait, row: &Merchant) -> Result<(), DbErr> {
    let checkpoint = ActiveModel {
        merchant_id: Set(row.id),
        entries: Set(row.ledger_entries),
        available: Set(row.available),
        held: Set(row.held),
    };
    let latest = OnConflict::column(Column::MerchantId)
        .update_columns([Column::Entries, Column::Available, Column::Held])
        .to_owned();
    Entity::insert(checkpoint).on_conflict(latest).exec_without_returning(db).await.map(|_| ())
}

/// Has the next audit read the merchant's whole ledger.
pub(super) async fn forget(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<(), DbErr> {
    Entity::delete_by_id(merchant).exec(db).await.map(|_| ())
}
