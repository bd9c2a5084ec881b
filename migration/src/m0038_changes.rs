//! The feed of changes: one row per change, written in the transaction of the effect and numbered after its commit.
//!
//! `id` is drawn at the end of the transaction, so that a change caused by another comes after it. Ids have gaps and
//! become visible out of order. `seq` has neither problem, because it is assigned under the lock of the merchant's
//! `change_feed`. As with other rows that are written thousands of times a second, there are no foreign keys: merchants
//! are never deleted, and the subject of a change may be.

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
