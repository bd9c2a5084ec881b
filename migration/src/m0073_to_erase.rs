//! Indexes of what the ticks erase, among rows that were erased long ago: texts without a link, and details of the
//! audit log.

crate::dialect::sql_step!(
    "
CREATE INDEX message_to_erase ON message (created_at) WHERE link_id IS NULL AND purged_at IS NULL;
CREATE INDEX audit_entry_with_detail ON audit_entry (at) WHERE detail IS NOT NULL
"
);
