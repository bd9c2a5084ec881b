//! Columns for what a person checks before starting a batch: the name of its file, and each row's order number and
//! amount.

crate::dialect::sql_step!(
    "
ALTER TABLE batch ADD COLUMN name text;
ALTER TABLE batch_row ADD COLUMN order_number text;
ALTER TABLE batch_row ADD COLUMN minor {int};
ALTER TABLE batch_row ADD COLUMN currency text
"
);
