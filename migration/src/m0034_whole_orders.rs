//! Further fields of an order, its archiving, and unique order numbers.
//!
//! `number_key` is the number under which an order is found: of orders with the same number from before this step, the
//! newest. Orders written by the previous version have none. They are found by their number nevertheless, but a race
//! between two of them is not prevented.

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
