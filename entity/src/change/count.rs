//! The number of the latest change in a merchant's feed, and the lock under which changes are numbered.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use sea_orm::entity::prelude::*;

use domain::MerchantId;

/// The latest change number of one merchant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_feed")]
pub struct Model {
    /// The merchant whose changes are counted.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The number of the latest change.
    pub last_seq: i64,
}

impl ActiveModelBehavior for ActiveModel {}
