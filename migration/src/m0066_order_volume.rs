//! Bytes of orders written by each merchant per day.
//!
//! Incremented up to the limit in the transaction that writes an order, like `text_count`.

crate::dialect::sql_step!(
    "
CREATE TABLE order_volume (
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    day text NOT NULL CHECK (length(day) = 10),
    bytes {int} NOT NULL CHECK (bytes > 0),
    PRIMARY KEY (merchant_id, day)
)
"
);
