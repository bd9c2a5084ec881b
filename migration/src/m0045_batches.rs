//! Batches of orders and their rows.
//!
//! `batch_row_once` enforces "a row takes effect once per key", across batches and crashes: a row refers to its order
//! as soon as the order exists.

crate::dialect::sql_step!(
    "
CREATE TABLE batch (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    state text NOT NULL CHECK (state IN ('checking', 'ready', 'running', 'done', 'cancelled')),
    send {bool} NOT NULL,
    actor text NOT NULL,
    created_at {time} NOT NULL,
    started_at {time},
    ended_at {time}
);
CREATE INDEX batch_by_merchant ON batch (merchant_id, id);

CREATE TABLE batch_row (
    batch_id {id} NOT NULL REFERENCES batch (id),
    number {int} NOT NULL CHECK (number > 0),
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    key text NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'refused', 'done', 'failed', 'cancelled')),
    content text,
    credits {int} NOT NULL CHECK (credits >= 0),
    problem text,
    detail text,
    order_id {id},
    link_id {id},
    message_id {id},
    PRIMARY KEY (batch_id, number)
);
CREATE UNIQUE INDEX batch_row_once ON batch_row (merchant_id, key) WHERE order_id IS NOT NULL AND state <> 'refused';
CREATE INDEX batch_row_content ON batch_row (merchant_id) WHERE content IS NOT NULL
"
);
