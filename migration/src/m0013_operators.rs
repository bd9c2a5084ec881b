//! Named operators, distinguishable sessions, suspended merchants, and a readable audit log.
//!
//! `operator_key` says which operator's key a session belongs to, without revealing the key. Sessions of earlier
//! versions have none, and end. The audit log is read in order of id, so it gets such an index. The index comes first
//! because it may take a while, and a table altered before it could not be read meanwhile.

crate::dialect::sql_step!(
    "
CREATE INDEX audit_entry_of_merchant ON audit_entry (merchant_id, id);
DROP INDEX audit_entry_by_merchant;

ALTER TABLE console_session ADD COLUMN operator_key {bytes} CHECK (length(operator_key) = 32);
ALTER TABLE console_session ADD COLUMN operator_name text;
ALTER TABLE console_session ADD COLUMN address text;
ALTER TABLE console_session ADD COLUMN agent text;

ALTER TABLE merchant ADD COLUMN suspended_at {time};
ALTER TABLE merchant ADD COLUMN suspended_reason text
"
);
