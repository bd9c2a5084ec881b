//! More indexes of what may be rare among what is not, after [`m0057_rare_rows`](super::m0057_rare_rows): a buyer's orders, what was told of
//! a kind or meant nothing, texts and conversations in a state that few have; and of what is one merchant's among that of many: texts, and
//! jobs that are done.
//!
//! None names what a payment changes. The tables may be large: on `PostgreSQL` these are [built ahead](crate::ahead), while traffic goes on.

use sea_orm_migration::prelude::*;

use crate::{ahead::Index, dialect};

pub(crate) const NAME: &str = "m0095_rare_rows_of_years";

pub(crate) const INDEXES: [Index; 12] = [
    Index::new("orders_of_buyer", "orders", "(merchant_id, customer_phone, id) WHERE customer_phone IS NOT NULL"),
    Index::new("webhook_event_of_kind", "webhook_event", "(merchant_id, kind, id)"),
    Index::new("webhook_event_ignored", "webhook_event", "(merchant_id, id) WHERE state = 'ignored'"),
    Index::new("webhook_outcome_ignored", "webhook_outcome", "(merchant_id, event_id) WHERE state = 'ignored'"),
    Index::new("message_of_merchant", "message", "(merchant_id, id)"),
    Index::new(
        "message_of_rare_status",
        "message",
        "(merchant_id, status, id) WHERE status IN ('received', 'scheduled', 'cancelled')",
    ),
    Index::new("conversation_still_open", "conversation", "(merchant_id, last_message_at, id) WHERE closed_at IS NULL"),
    Index::new("conversation_closed", "conversation", "(merchant_id, last_message_at, id) WHERE closed_at IS NOT NULL"),
    Index::new(
        "conversation_assigned",
        "conversation",
        "(merchant_id, assigned_to, last_message_at, id) WHERE assigned_to IS NOT NULL",
    ),
    Index::new("attention_of_kind", "attention", "(merchant_id, kind, id)"),
    Index::new("job_finished_of_merchant", "job", "(merchant_id, id) WHERE state <> 'queued'"),
    Index::new("webhook_delivery_failed", "webhook_delivery", "(endpoint_id, id) WHERE state = 'failed'"),
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
