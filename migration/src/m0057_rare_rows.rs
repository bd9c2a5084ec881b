//! Partial indexes of rare rows, so that listing them does not slow down over the years.
//!
//! None contains a column that a payment or a webhook changes, so that neither has another index to write: links are
//! rewritten on their pages when they are paid. Failed links are found by `failure`, which each of them has.

crate::dialect::sql_step!(
    "
CREATE INDEX orders_archived ON orders (merchant_id, id) WHERE archived_at IS NOT NULL;
CREATE INDEX payment_link_to_review ON payment_link (merchant_id, review, id) WHERE review IS NOT NULL;
CREATE INDEX payment_link_with_failure ON payment_link (merchant_id, id) WHERE failure IS NOT NULL;
CREATE INDEX message_not_through ON message (merchant_id, status, id)
    WHERE status IN ('queued', 'sending', 'unknown', 'undelivered', 'failed');
CREATE INDEX webhook_outcome_failed ON webhook_outcome (merchant_id, event_id) WHERE state = 'failed';
CREATE INDEX webhook_event_failed ON webhook_event (merchant_id, id) WHERE state = 'failed';
CREATE INDEX audit_entry_by_actor ON audit_entry (actor, merchant_id, id)
"
);
