//! Open links by merchant, and links in transit by state, so that lists of open links read what they show.
//!
//! `open_link` names the merchant, so that one index of it has a merchant's open links in their order, and one in that
//! of their orders; a payment deletes the row and writes neither. Links that are on their way (`creating`,
//! `processing`, `voiding`, `expiring`, `settling`) are few among the open ones, and are kept by state in
//! `closed_link`, beside the voided and expired ones for which [`m0096_closed_links`](super::m0096_closed_links) made
//! it. A link that goes from `unpaid` to `paid` never is there, so that such a payment costs two comparisons. Existing
//! links are brought in by the next step, which needs this one's column.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

/// The states of a link in transit.
pub(crate) const IN_TRANSIT: &str = "('creating', 'processing', 'voiding', 'expiring', 'settling')";

/// The states of an open link.
const OPEN: &str = "('creating', 'unpaid', 'processing', 'voiding', 'expiring', 'settling')";

const INSERT_OPEN: &str = "INSERT INTO open_link (order_id, link_id, expires_at, check_at, merchant_id)
    VALUES (NEW.order_id, NEW.id, NEW.expires_at, COALESCE(NEW.stripe_checked_at, NEW.created_at), NEW.merchant_id);";

/// The triggers of [`m0028_open_links`](super::m0028_open_links) that are replaced: name and condition.
const OPENED: [(&str, &str); 2] = [
    ("opened", "INSERT ON payment_link FOR EACH ROW WHEN (NEW.state IN {open})"),
    ("reopened", "UPDATE OF state ON payment_link FOR EACH ROW WHEN (OLD.state NOT IN {open} AND NEW.state IN {open})"),
];

const INSERT_TRANSIT: &str = "INSERT INTO closed_link (merchant_id, state, link_id)
    VALUES (NEW.merchant_id, NEW.state, NEW.id) ON CONFLICT DO NOTHING;";

/// The new triggers: name, condition and action.
const TRIGGERS: [(&str, &str, &str); 3] = [
    ("set_out", "INSERT ON payment_link FOR EACH ROW WHEN (NEW.state IN {transit})", INSERT_TRANSIT),
    (
        "departed",
        "UPDATE OF state ON payment_link FOR EACH ROW WHEN (NEW.state IN {transit} AND OLD.state <> NEW.state)",
        INSERT_TRANSIT,
    ),
    (
        "arrived",
        "UPDATE OF state ON payment_link FOR EACH ROW WHEN (OLD.state IN {transit} AND OLD.state <> NEW.state)",
        "DELETE FROM closed_link WHERE merchant_id = OLD.merchant_id AND state = OLD.state AND link_id = OLD.id;",
    ),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        let connection = manager.get_connection();
        dialect::run(manager, "ALTER TABLE open_link ADD COLUMN merchant_id {id}").await?;
        for (name, when) in OPENED {
            let name = format!("payment_link_{name}");
            if on_postgresql {
                let replace = format!(
                    "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN {INSERT_OPEN} RETURN NULL; END $$"
                );
                connection.execute_unprepared(&replace).await?;
                continue;
            }
            // Under another name: another connection may still know the one that is gone.
            connection.execute_unprepared(&format!("DROP TRIGGER {name}")).await?;
            let when = when.replace("{open}", OPEN);
            dialect::create_trigger(manager, &format!("{name}_of_merchant"), &when, INSERT_OPEN).await?;
        }
        for (name, when, then) in TRIGGERS {
            let when = when.replace("{transit}", IN_TRANSIT);
            dialect::create_trigger(manager, &format!("payment_link_{name}"), &when, then).await?;
        }
        Ok(())
    }
}
