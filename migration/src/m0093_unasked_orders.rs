//! Which orders nobody is asked to pay, beside `orders` instead of in an index of it.
//!
//! An index whose condition names the tag would be written anew by every payment, and with it all indexes of the order: see
//! [`m0028_open_links`](super::m0028_open_links). The tag `none` comes and goes with links, not with payments, so that no payment pays for
//! these triggers more than a look at two words. What is there already, the step after this one writes, so that the lock which a trigger
//! takes is held for a moment.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

const TABLE: &str = "
CREATE TABLE unasked_order (
    merchant_id {id} NOT NULL,
    order_id {id} NOT NULL,
    PRIMARY KEY (merchant_id, order_id)
)";

/// When something is to be done, and what: each is a trigger.
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
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        dialect::run(manager, TABLE).await?;
        for (name, when, then) in TRIGGERS {
            for statement in dialect::trigger(&format!("orders_{name}"), when, then, on_postgresql) {
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }
}
