//! An index of the orders whose searchable text an earlier version wrote, without their notes and metadata, or not at
//! all.
//!
//! The texts of this version end with a line break, so that one which the version before writes beside it is found too.
//! At first the index has all orders; the tick `index` empties it, beside traffic. On PostgreSQL it is [built
//! ahead](crate::ahead).

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
