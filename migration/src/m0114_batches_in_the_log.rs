//! The batch to which an entry of the audit log belongs, so that the rows of a batch can be read as one.

crate::dialect::sql_step!("ALTER TABLE audit_entry ADD COLUMN batch_id {id}");
