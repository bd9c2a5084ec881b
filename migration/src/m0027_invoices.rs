//! The sender's details on an invoice.

crate::dialect::sql_step!(
    "
ALTER TABLE merchant ADD COLUMN address text;
ALTER TABLE merchant ADD COLUMN tax_number text
"
);
