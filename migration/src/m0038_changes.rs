//! The feed of changes: one row for each, written in the transaction of the effect and numbered once that is committed.
//!
//! `id` is drawn at the end of the transaction, so that a change that followed from another comes after it. It has gaps, and rows become
//! visible out of its order; `seq` has neither fault, because it is given under the lock of the merchant's `change_feed`. As with the other
//! rows that are written thousands of times a second, there is no foreign key: merchants are never deleted, and what a change was about may
//! be.

crate::dialect::sql_step!(
    "
CREATE TABLE change (
    id {serial},
    merchant_id {id} NOT NULL,
    seq {int} CHECK (seq > 0),
    at {time} NOT NULL,
    kind text NOT NULL,
    subject_id {id} NOT NULL,
    order_id {id},
    conversation_id {id},
    link_id {id}
);
CREATE UNIQUE INDEX change_by_seq ON change (merchant_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX change_unnumbered ON change (merchant_id, id) WHERE seq IS NULL;

CREATE TABLE change_feed (
    merchant_id {id} NOT NULL PRIMARY KEY REFERENCES merchant (id),
    last_seq {int} NOT NULL CHECK (last_seq >= 0)
)
"
);
