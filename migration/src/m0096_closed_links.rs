//! A table of the links that were closed unpaid, by state, which replaces an index of `payment_link`.
//!
//! An index whose condition or columns name the state would be rewritten by every payment, together with all indexes of
//! the link: see [`m0028_open_links`](super::m0028_open_links). Voided and expired links are rarely paid, so these
//! triggers cost a payment only comparisons. In exchange the trigger of `link_intent` no longer tries to delete rows
//! that cannot exist. Existing links are copied by the next step, so that the lock for creating a trigger is held only
//! briefly.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

const TABLE: &str = "
CREATE TABLE closed_link (
    merchant_id {id} NOT NULL,
    state text NOT NULL,
    link_id {id} NOT NULL,
    PRIMARY KEY (merchant_id, state, link_id)
)";

/// The triggers: name, condition and action.
const TRIGGERS: [(&str, &str, &str); 2] = [
    (
        "ended",
        "UPDATE OF state ON payment_link FOR EACH ROW
            WHEN (NEW.state IN ('voided', 'expired') AND OLD.state <> NEW.state)",
        INSERT,
    ),
    (
        "revived",
        "UPDATE OF state ON payment_link FOR EACH ROW
            WHEN (OLD.state IN ('voided', 'expired') AND OLD.state <> NEW.state)",
        "DELETE FROM closed_link WHERE merchant_id = OLD.merchant_id AND state = OLD.state AND link_id = OLD.id;",
    ),
];

const INSERT: &str = "INSERT INTO closed_link (merchant_id, state, link_id)
    VALUES (NEW.merchant_id, NEW.state, NEW.id) ON CONFLICT DO NOTHING;";

/// Replaces a trigger's action on PostgreSQL, where a DELETE that finds nothing costs a payment as much as an INSERT.
const INTENT: &str = "
CREATE OR REPLACE FUNCTION payment_link_told_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.stripe_payment_intent IS NOT NULL THEN
        DELETE FROM link_intent
            WHERE merchant_id = OLD.merchant_id AND intent = OLD.stripe_payment_intent AND link_id = OLD.id;
    END IF;
    IF NEW.stripe_payment_intent IS NOT NULL THEN
        INSERT INTO link_intent (merchant_id, intent, link_id)
            VALUES (NEW.merchant_id, NEW.stripe_payment_intent, NEW.id);
    END IF;
    RETURN NULL;
END $$";

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        dialect::run(manager, TABLE).await?;
        for (name, when, then) in TRIGGERS {
            dialect::create_trigger(manager, &format!("payment_link_{name}"), when, then).await?;
        }
        if on_postgresql {
            manager.get_connection().execute_unprepared(INTENT).await?;
        }
        Ok(())
    }
}
