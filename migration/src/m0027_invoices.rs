//! What an invoice says of who sends it.

crate::dialect::sql_step!(
    "
ALTER TABLE merchant ADD COLUMN address text;
ALTER TABLE merchant ADD COLUMN tax_number text
"
);
