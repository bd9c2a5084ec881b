//! Limits of a merchant: texts per day, and bytes in the store.
//!
//! `text_count` is incremented up to the limit in the transaction that accepts a text. Bytes are summed over the links
//! that hold any, using an index that covers the query.

crate::dialect::sql_step!(
    "
CREATE TABLE text_count (
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    day text NOT NULL CHECK (length(day) = 10),
    texts {int} NOT NULL CHECK (texts > 0),
    PRIMARY KEY (merchant_id, day)
);

ALTER TABLE payment_link ADD COLUMN document_bytes {int} NOT NULL DEFAULT 0 CHECK (document_bytes >= 0);
CREATE INDEX payment_link_stored ON payment_link (merchant_id, document_bytes)
    WHERE purged_at IS NULL AND document_bytes > 0
"
);
