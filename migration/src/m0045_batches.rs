//! Many orders at once: a batch, and its rows.
//!
//! `batch_row_once` is the rule "a row's key makes it happen once", whatever batch it is in and whatever dies: a row has an order as
//! soon as the order is there.

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
