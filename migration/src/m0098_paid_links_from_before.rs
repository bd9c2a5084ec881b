//! Copies the paid links from before the triggers of
//! [`m0096_closed_and_paid_links`](super::m0096_closed_and_paid_links).
//!
//! Nothing is locked: what is not true any more may stand in that table. With a million of them it takes a minute or
//! two, in which nobody waits.

crate::dialect::sql_step!(
    "
INSERT INTO paid_link (merchant_id, paid_at, link_id) SELECT merchant_id, paid_at, id FROM payment_link
    WHERE paid_at IS NOT NULL ON CONFLICT DO NOTHING
"
);
