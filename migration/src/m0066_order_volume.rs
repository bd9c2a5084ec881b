//! How many bytes of orders each merchant has written in a day.
//!
//! Counted up in the transaction that writes an order, to the limit and no further, as `text_count` is.

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
