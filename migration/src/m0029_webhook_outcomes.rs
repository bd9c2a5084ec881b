//! Outcomes of webhook events in a separate table.
//!
//! An event has one or two kilobytes and four indexes. Rewriting it when it was applied, for a word and a time, cost as
//! much as storing it. Now it is written once and stays unchanged until it is erased, and its outcome is a separate
//! narrow row. Events concluded by an earlier version hold their own outcome.

crate::dialect::sql_step!(
    "
CREATE TABLE webhook_outcome (
    event_id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL,
    state text NOT NULL CHECK (state IN ('applied', 'ignored', 'failed')),
    error text,
    link_id {id},
    applied_at {time} NOT NULL
);
CREATE INDEX webhook_outcome_by_link ON webhook_outcome (link_id) WHERE link_id IS NOT NULL
"
);
