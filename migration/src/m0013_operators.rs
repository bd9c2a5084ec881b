//! Operators by name, sessions that can be told apart, merchants that are suspended, and an audit log that is read.
//!
//! `operator_key` says which operator's key a session was given for, without saying anything of the key; a session that a version
//! before this one began has none, and ends. The index of the audit log is by id, in whose order it is read; it comes
//! first, because it may take a while, and nobody can read a table that was altered before it.

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
