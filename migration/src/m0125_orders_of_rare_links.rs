//! The orders of links in a rare state, so that a list of orders is read in its order by the state of a link, however
//! many there are: `closed_link` names the order. Existing rows are brought up to date by the next step, which indexes
//! them.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{dialect, m0117_links_by_state::IN_TRANSIT};

const INSERT: &str = "INSERT INTO closed_link (merchant_id, state, link_id, order_id)
    VALUES (NEW.merchant_id, NEW.state, NEW.id, NEW.order_id) ON CONFLICT DO NOTHING;";

/// The triggers of [`m0096_closed_links`](super::m0096_closed_links) and
/// [`m0117_links_by_state`](super::m0117_links_by_state) that are replaced: name and condition.
const TRIGGERS: [(&str, &str); 3] = [
    (
        "ended",
        "UPDATE OF state ON payment_link FOR EACH ROW WHEN (NEW.state IN ('voided', 'expired') AND OLD.state <> NEW.state)",
    ),
    ("set_out", "INSERT ON payment_link FOR EACH ROW WHEN (NEW.state IN {transit})"),
    (
        "departed",
        "UPDATE OF state ON payment_link FOR EACH ROW WHEN (NEW.state IN {transit} AND OLD.state <> NEW.state)",
    ),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        let connection = manager.get_connection();
        dialect::run(manager, "ALTER TABLE closed_link ADD COLUMN order_id {id}").await?;
        for (name, when) in TRIGGERS {
            let name = format!("payment_link_{name}");
            if on_postgresql {
                let replace = format!(
                    "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN {INSERT} RETURN NULL; END $$"
                );
                connection.execute_unprepared(&replace).await?;
                continue;
            }
            // Under another name: another connection may still know the one that is gone.
            connection.execute_unprepared(&format!("DROP TRIGGER {name}")).await?;
            let when = when.replace("{transit}", IN_TRANSIT);
            dialect::create_trigger(manager, &format!("{name}_with_order"), &when, INSERT).await?;
        }
        Ok(())
    }
}
