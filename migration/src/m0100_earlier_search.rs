//! An index of the orders whose searchable text lacks notes and metadata, or is missing, because an earlier version
//! wrote it.
//!
//! This version ends its texts with a line break, which tells them from those that the previous version writes while
//! both run. At first all orders are in the index; the tick `index` works them off, concurrently with traffic. On
//! PostgreSQL the index is [built ahead](crate::ahead).

use crate::ahead::{Index, IndexStep};

pub(crate) const STEP: IndexStep = IndexStep {
    name: "m0100_earlier_search",
    indexes: &[Index::new(
        "orders_with_earlier_search",
        "orders",
        "(id) WHERE search IS NULL OR search NOT LIKE '%\n'",
    )],
};
