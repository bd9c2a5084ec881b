//! Copies the orders from before the triggers of [`m0110_unpaid_orders`](super::m0110_unpaid_orders).
//!
//! Nothing is locked, since payments may arrive for any of them. An order that is paid while they are copied is removed
//! again, and what is missed by a moment only costs a look: whoever reads the table asks for the order's tag as well.

crate::dialect::sql_step!(
    "
INSERT INTO unpaid_order (merchant_id, order_id) SELECT merchant_id, id FROM orders WHERE tag = 'unpaid'
    ON CONFLICT DO NOTHING;
DELETE FROM unpaid_order WHERE order_id IN
    (SELECT orders.id FROM orders JOIN unpaid_order AS kept ON kept.order_id = orders.id WHERE orders.tag <> 'unpaid')
"
);
