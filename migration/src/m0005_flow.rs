//! What holds jobs back for reasons that are not their fault: operators' pauses, and claims that do not count as
//! attempts.

crate::dialect::sql_step!(
    "
ALTER TABLE job ADD COLUMN spared {int} NOT NULL DEFAULT 0 CHECK (spared BETWEEN 0 AND attempt);

CREATE TABLE pause (
    subject text PRIMARY KEY,
    kind text,
    merchant_id {id} REFERENCES merchant (id),
    reason text NOT NULL CHECK (length(reason) > 0),
    since {time} NOT NULL,
    CHECK ((kind IS NULL) <> (merchant_id IS NULL))
);

CREATE INDEX audit_entry_by_subject ON audit_entry (subject, id)
"
);
