//! Reminders of a link that differ from the merchant's settings; null means the merchant's. The index covers the few
//! links that do, and contains no column that a payment changes.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN reminding text;
CREATE INDEX payment_link_own_reminding ON payment_link (merchant_id, reminding, id) WHERE reminding IS NOT NULL
"
);
