//! More partial indexes of rare rows, after [`m0057_rare_rows`](super::m0057_rare_rows): a buyer's orders, events of
//! one kind or without meaning, and texts and conversations in a rare state. Also indexes of one merchant's rows among
//! many: texts and finished jobs.
//!
//! None contains a column that a payment changes. The tables may be large, so on PostgreSQL the indexes are [built
//! ahead](crate::ahead), concurrently with traffic.

use crate::ahead::{Index, IndexStep};

pub(crate) const STEP: IndexStep = IndexStep {
    name: "m0095_rare_rows_of_years",
    indexes: &[
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
        Index::new(
            "conversation_still_open",
            "conversation",
            "(merchant_id, last_message_at, id) WHERE closed_at IS NULL",
        ),
        Index::new(
            "conversation_closed",
            "conversation",
            "(merchant_id, last_message_at, id) WHERE closed_at IS NOT NULL",
        ),
        Index::new(
            "conversation_assigned",
            "conversation",
            "(merchant_id, assigned_to, last_message_at, id) WHERE assigned_to IS NOT NULL",
        ),
        Index::new("attention_of_kind", "attention", "(merchant_id, kind, id)"),
        Index::new("job_finished_of_merchant", "job", "(merchant_id, id) WHERE state <> 'queued'"),
        Index::new("webhook_delivery_failed", "webhook_delivery", "(endpoint_id, id) WHERE state = 'failed'"),
    ],
};
