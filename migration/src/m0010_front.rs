//! Data for the pages: console sessions, a merchant's look, what was read, and what a buyer did not recognise.
//!
//! A session is found by a hash: of its token or, for an operator, of the token and the operator's key together, so
//! that it ends when that key changes and the key itself is not stored.

crate::dialect::sql_step!(
    "
CREATE TABLE console_session (
    hash {bytes} PRIMARY KEY CHECK (length(hash) = 32),
    kind text NOT NULL CHECK (kind IN ('merchant', 'operator')),
    api_key_id {id} REFERENCES api_key (id),
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    CHECK ((kind = 'merchant') = (api_key_id IS NOT NULL))
);
CREATE INDEX console_session_by_key ON console_session (api_key_id) WHERE api_key_id IS NOT NULL;
CREATE INDEX console_session_to_clean ON console_session (expires_at);

ALTER TABLE merchant ADD COLUMN currency text CHECK (length(currency) = 3);
ALTER TABLE merchant ADD COLUMN colour text CHECK (length(colour) = 7);

CREATE TABLE merchant_logo (
    merchant_id {id} PRIMARY KEY REFERENCES merchant (id),
    content_type text NOT NULL CHECK (content_type IN ('image/png', 'image/jpeg')),
    width {int} NOT NULL CHECK (width > 0),
    height {int} NOT NULL CHECK (height > 0),
    sha256 {bytes} NOT NULL CHECK (length(sha256) = 32),
    content {bytes} NOT NULL CHECK (length(content) BETWEEN 1 AND 65536),
    updated_at {time} NOT NULL
);

ALTER TABLE conversation ADD COLUMN read_at {time};
CREATE INDEX conversation_by_last_message ON conversation (merchant_id, last_message_at, id);

ALTER TABLE payment_link ADD COLUMN unrecognised_at {time}
"
);
