//! The picture of an invoice, and warnings to show the merchant before it is sent.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN document_picture text;
ALTER TABLE payment_link ADD COLUMN warnings text
"
);
