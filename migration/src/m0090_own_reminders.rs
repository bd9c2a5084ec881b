//! Reminders of a link that are not as its merchant says; where nothing is said, they are. The index is for the few links that say
//! something, and names nothing that a payment changes.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN reminding text;
CREATE INDEX payment_link_own_reminding ON payment_link (merchant_id, reminding, id) WHERE reminding IS NOT NULL
"
);
