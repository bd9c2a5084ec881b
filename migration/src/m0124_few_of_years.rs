//! Indexes of links by their currency, and of conversations by their number, so that few are found without reading all
//! others. A currency never changes, so that a payment does not write its index. On PostgreSQL they are [built
//! ahead](crate::ahead).

use sea_orm_migration::prelude::*;

use crate::{ahead::Index, dialect};

pub(crate) const NAME: &str = "m0124_few_of_years";

pub(crate) const INDEXES: [Index; 2] = [
    Index::new("payment_link_by_currency", "payment_link", "(merchant_id, currency, id)"),
    Index::new("conversation_by_phone", "conversation", "(merchant_id, phone) WHERE phone IS NOT NULL"),
];

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
