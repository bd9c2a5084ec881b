//! What an order says besides what it costs, its archive, and that its number is its own.
//!
//! `number_key` is the number of an order that can be found by it: of those that had the same number before this step, the newest. Orders
//! that the version before writes have none; they are found by their number all the same, and only the race between two such is theirs.

crate::dialect::sql_step!(
    "
ALTER TABLE orders ADD COLUMN metadata text NOT NULL DEFAULT '{}';
ALTER TABLE orders ADD COLUMN notes text;
ALTER TABLE orders ADD COLUMN language text;
ALTER TABLE orders ADD COLUMN archived_at {time};
ALTER TABLE orders ADD COLUMN number_key text;

CREATE INDEX orders_by_number ON orders (merchant_id, number, id);
UPDATE orders SET number_key = number WHERE NOT EXISTS (
    SELECT 1 FROM orders AS newer
    WHERE newer.merchant_id = orders.merchant_id AND newer.number = orders.number AND newer.id > orders.id
);
CREATE UNIQUE INDEX orders_one_number ON orders (merchant_id, number_key);

ALTER TABLE payment_link ADD COLUMN metadata text NOT NULL DEFAULT '{}'
"
);
