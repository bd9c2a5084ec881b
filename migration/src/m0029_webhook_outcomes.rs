//! What became of webhook events, in rows of their own.
//!
//! An event has a kilobyte or two and four indexes. To rewrite it when it is applied, for a word and a time, cost as much as to store it.
//! Now it is written once and stays as it came until it is erased; what became of it is a narrow row beside it. An event that
//! a version before has concluded says so itself.

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
