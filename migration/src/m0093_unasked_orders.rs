//! A table of orders without a payment request, which replaces an index of `orders`.
//!
//! An index whose condition names the tag would be rewritten by every payment, together with all indexes of the order:
//! see [`m0028_open_links`](super::m0028_open_links). The tag `none` changes with links and not with payments, so a
//! payment pays only for the comparison of two words in these triggers. Existing rows are copied by the next step, so
//! that the lock for creating a trigger is held only briefly.

use sea_orm_migration::prelude::*;

use crate::dialect;

const TABLE: &str = "
CREATE TABLE unasked_order (
    merchant_id {id} NOT NULL,
    order_id {id} NOT NULL,
    PRIMARY KEY (merchant_id, order_id)
)";

/// The triggers: name, condition and action.
const TRIGGERS: [(&str, &str, &str); 3] = [
    ("opened", "INSERT ON orders FOR EACH ROW WHEN (NEW.tag = 'none')", INSERT),
    ("taken_back", "UPDATE OF tag ON orders FOR EACH ROW WHEN (OLD.tag <> 'none' AND NEW.tag = 'none')", INSERT),
    (
        "asked",
        "UPDATE OF tag ON orders FOR EACH ROW WHEN (OLD.tag = 'none' AND NEW.tag <> 'none')",
        "DELETE FROM unasked_order WHERE merchant_id = OLD.merchant_id AND order_id = OLD.id;",
    ),
];

const INSERT: &str = "INSERT INTO unasked_order (merchant_id, order_id) VALUES (NEW.merchant_id, NEW.id);";

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, TABLE).await?;
        for (name, when, then) in TRIGGERS {
            dialect::create_trigger(manager, &format!("orders_{name}"), when, then).await?;
        }
        Ok(())
    }
}
