//! Indexes of rows that still hold a buyer's number, to find those not covered by a link's purge without reading what
//! was erased long ago.

crate::dialect::sql_step!(
    "
CREATE INDEX orders_with_buyer ON orders (id) WHERE customer_phone IS NOT NULL;
CREATE INDEX conversation_with_phone ON conversation (id) WHERE phone IS NOT NULL
"
);
