//! Where buyers' numbers are still kept, so that those that no link will take with it are found without reading what is long erased.

crate::dialect::sql_step!(
    "
CREATE INDEX orders_with_buyer ON orders (id) WHERE customer_phone IS NOT NULL;
CREATE INDEX conversation_with_phone ON conversation (id) WHERE phone IS NOT NULL
"
);
