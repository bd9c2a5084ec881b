//! Indexes of what is rare and looked for among what is not: a list of it takes as long after years as on the first day.
//!
//! None names what a payment or a webhook changes, so that neither has an index more to write: links, which are rewritten on their pages
//! when they are paid, stay there. A link that failed is found by `failure`, which each has.

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
