//! Copies the orders from before the triggers of [`m0110_unpaid_orders`](super::m0110_unpaid_orders).
//!
//! Nothing is locked, since payments may arrive for any of them. An order that is paid during the copy is removed
//! again; one that slips through does no harm, because the table's readers also check the order's tag.

crate::dialect::sql_step!(
    "
INSERT INTO unpaid_order (merchant_id, order_id) SELECT merchant_id, id FROM orders WHERE tag = 'unpaid'
    ON CONFLICT DO NOTHING;
DELETE FROM unpaid_order WHERE order_id IN
    (SELECT orders.id FROM orders JOIN unpaid_order AS kept ON kept.order_id = orders.id WHERE orders.tag <> 'unpaid')
"
);
