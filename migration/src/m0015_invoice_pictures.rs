//! What an invoice looks like, and what the merchant should look at before it is sent.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN document_picture text;
ALTER TABLE payment_link ADD COLUMN warnings text
"
);
