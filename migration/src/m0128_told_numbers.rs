//! An index of the numbers that are stored although nothing was said, since a person opted them out or in, to find those
//! to forget without reading those of all buyers. On PostgreSQL it is [built ahead](crate::ahead).

use crate::ahead::{Index, IndexStep};

pub(crate) const STEP: IndexStep = IndexStep {
    name: "m0128_told_numbers",
    indexes: &[Index::new(
        "conversation_told_with_phone",
        "conversation",
        "(id) WHERE phone IS NOT NULL AND (opted_out_at IS NOT NULL OR opted_in_at IS NOT NULL)",
    )],
};
