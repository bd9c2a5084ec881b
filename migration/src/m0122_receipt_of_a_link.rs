//! Whether the buyer of a link gets a receipt by text; null means as the merchant's settings say.

crate::dialect::sql_step!("ALTER TABLE payment_link ADD COLUMN receipt {bool}");
