//! Payment methods by merchant and by link; by card if unset, as before.

crate::dialect::sql_step!(
    "
ALTER TABLE merchant ADD COLUMN payment_methods text;
ALTER TABLE payment_link ADD COLUMN payment_methods text
"
);
