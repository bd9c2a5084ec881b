//! How buyers may pay, by merchant and by link; where nothing is said, by card, as before.

crate::dialect::sql_step!(
    "
ALTER TABLE merchant ADD COLUMN payment_methods text;
ALTER TABLE payment_link ADD COLUMN payment_methods text
"
);
