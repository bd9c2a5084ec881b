//! Indexes of links by their currency, and of conversations by their number, so that few are found without reading all
//! others. A currency never changes, so that a payment does not write its index. On PostgreSQL they are [built
//! ahead](crate::ahead).

use crate::ahead::{Index, IndexStep};

pub(crate) const STEP: IndexStep = IndexStep {
    name: "m0124_few_of_years",
    indexes: &[
        Index::new("payment_link_by_currency", "payment_link", "(merchant_id, currency, id)"),
        Index::new("conversation_by_phone", "conversation", "(merchant_id, phone) WHERE phone IS NOT NULL"),
    ],
};
