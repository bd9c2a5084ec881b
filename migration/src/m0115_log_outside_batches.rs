//! Indexes of the audit log's entries outside batches, and of those of one batch. On PostgreSQL they are [built
//! ahead](crate::ahead).

use crate::ahead::{Index, IndexStep};

pub(crate) const STEP: IndexStep = IndexStep {
    name: "m0115_log_outside_batches",
    indexes: &[
        Index::new("audit_entry_outside_batches", "audit_entry", "(merchant_id, id) WHERE batch_id IS NULL"),
        Index::new("audit_entry_of_batch", "audit_entry", "(batch_id, id) WHERE batch_id IS NOT NULL"),
    ],
};
