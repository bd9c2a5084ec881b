//! An index of the orders whose searchable text lacks notes and metadata, or is missing, because an earlier version
//! wrote it.
//!
//! This version ends its texts with a line break, which tells them from those that the previous version writes while
//! both run. At first all orders are in the index; the tick `index` works them off, concurrently with traffic. On
//! PostgreSQL the index is [built ahead](crate::ahead).

use sea_orm_migration::prelude::*;

use crate::{ahead::Index, dialect};

pub(crate) const NAME: &str = "m0100_earlier_search";

pub(crate) const INDEXES: [Index; 1] =
    [Index::new("orders_with_earlier_search", "orders", "(id) WHERE search IS NULL OR search NOT LIKE '%\n'")];

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        NAME
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in &INDEXES {
            dialect::run(manager, &index.declaration()).await?;
        }
        Ok(())
    }
}
