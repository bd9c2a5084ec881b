//! A table of unpaid orders, like that of [orders without a payment request](super::m0093_unasked_orders), and an index
//! of payments made elsewhere.
//!
//! Payments do not write to the table: its readers also check the order's tag, and a tick removes orders that are no
//! longer unpaid. Existing rows are copied by the next step, so that the lock for creating a trigger is held only
//! briefly. The index contains no column that a payment by Stripe changes.

use sea_orm_migration::prelude::*;

use crate::{
    ahead::{Index, IndexStep},
    dialect,
};

const TABLE: &str = "
CREATE TABLE unpaid_order (
    merchant_id {id} NOT NULL,
    order_id {id} NOT NULL,
    PRIMARY KEY (merchant_id, order_id)
)";

pub(crate) const INDEXES: IndexStep = IndexStep {
    name: "m0110_unpaid_orders",
    indexes: &[Index::new(
        "payment_link_paid_elsewhere",
        "payment_link",
        "(merchant_id, elsewhere_on, id) WHERE elsewhere_on IS NOT NULL",
    )],
};

/// The triggers: name, condition and action.
const TRIGGERS: [(&str, &str, &str); 2] = [
    ("written_unpaid", "INSERT ON orders FOR EACH ROW WHEN (NEW.tag = 'unpaid')", INSERT),
    ("unpaid", "UPDATE OF tag ON orders FOR EACH ROW WHEN (OLD.tag <> 'unpaid' AND NEW.tag = 'unpaid')", INSERT),
];

const INSERT: &str =
    "INSERT INTO unpaid_order (merchant_id, order_id) VALUES (NEW.merchant_id, NEW.id) ON CONFLICT DO NOTHING;";

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        INDEXES.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, TABLE).await?;
        INDEXES.up(manager).await?;
        for (name, when, then) in TRIGGERS {
            dialect::create_trigger(manager, &format!("orders_{name}"), when, then).await?;
        }
        Ok(())
    }
}
