//! Tables of open links and of payments' links, which replace indexes of `payment_link`.
//!
//! An index whose condition names the state makes PostgreSQL write a new entry into each of a link's ten indexes
//! whenever the state changes, which was most of the cost of a payment. Triggers now keep their data in narrow
//! tables, correct whichever version writes. The primary key of `open_link` enforces "at most one open link per
//! order", for the previous version as well. With free space on its page, a link that is paid is rewritten there and no
//! index is touched. Links made together are often paid together, so half of each page is left free.
//!
//! On PostgreSQL the tables and triggers come first, and most links are [copied ahead](crate::fill).

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    dialect,
    fill::{Fill, Groundwork},
};

/// The states of an open link. No link is in `settling` before a later step allows it.
const OPEN: &str = "('creating', 'unpaid', 'processing', 'voiding', 'expiring', 'settling')";

const TABLES: &str = "
CREATE TABLE open_link (
    order_id {id} PRIMARY KEY,
    link_id {id} NOT NULL REFERENCES payment_link (id),
    expires_at {time} NOT NULL,
    check_at {time} NOT NULL
);
CREATE INDEX open_link_to_expire ON open_link (expires_at);
CREATE INDEX open_link_to_check ON open_link (check_at, link_id);

CREATE TABLE link_intent (
    merchant_id {id} NOT NULL,
    intent text NOT NULL,
    link_id {id} NOT NULL,
    PRIMARY KEY (merchant_id, intent, link_id)
)";

pub(crate) const FILL: Fill = Fill {
    step: "m0028_open_links",
    table: "payment_link",
    statements: &[
        "INSERT INTO open_link (order_id, link_id, expires_at, check_at)
            SELECT order_id, id, expires_at, COALESCE(stripe_checked_at, created_at) FROM payment_link
            WHERE state IN ('creating', 'unpaid', 'processing', 'voiding', 'expiring') AND {page}
            FOR NO KEY UPDATE SKIP LOCKED ON CONFLICT DO NOTHING",
        "INSERT INTO link_intent (merchant_id, intent, link_id)
            SELECT merchant_id, stripe_payment_intent, id FROM payment_link WHERE stripe_payment_intent IS NOT NULL AND {page}
            FOR NO KEY UPDATE SKIP LOCKED ON CONFLICT DO NOTHING",
    ],
    before: Some(Groundwork {
        is_there: "to_regclass('open_link') IS NOT NULL",
        statements: || tables_and_triggers(DbBackend::Postgres),
    }),
    indexes: &[],
};

/// Copies existing rows that are not copied yet, after the triggers were created.
const ROWS: &str = "
INSERT INTO open_link (order_id, link_id, expires_at, check_at)
    SELECT order_id, id, expires_at, COALESCE(stripe_checked_at, created_at) FROM payment_link
    WHERE state IN {open} AND NOT EXISTS (SELECT 1 FROM open_link AS copied WHERE copied.order_id = payment_link.order_id)
    {held} ON CONFLICT DO NOTHING;
INSERT INTO link_intent (merchant_id, intent, link_id)
    SELECT merchant_id, stripe_payment_intent, id FROM payment_link
    WHERE stripe_payment_intent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM link_intent AS copied
        WHERE copied.merchant_id = payment_link.merchant_id AND copied.intent = payment_link.stripe_payment_intent
            AND copied.link_id = payment_link.id)
    {held} ON CONFLICT DO NOTHING;
DROP INDEX payment_link_one_open;
DROP INDEX payment_link_to_expire;
DROP INDEX payment_link_to_check;
DROP INDEX payment_link_by_intent";

/// The triggers: name, condition and action.
const TRIGGERS: [(&str, &str, &str); 6] = [
    ("opened", "INSERT ON payment_link {each} WHEN (NEW.state IN {open})", INSERT_OPEN),
    (
        "reopened",
        "UPDATE OF state ON payment_link {each} WHEN (OLD.state NOT IN {open} AND NEW.state IN {open})",
        INSERT_OPEN,
    ),
    (
        "closed",
        "UPDATE OF state ON payment_link {each} WHEN (OLD.state IN {open} AND NEW.state NOT IN {open})",
        "DELETE FROM open_link WHERE order_id = OLD.order_id AND link_id = OLD.id;",
    ),
    (
        "put_off",
        "UPDATE OF expires_at, stripe_checked_at ON payment_link {each} WHEN (OLD.state IN {open} AND NEW.state IN {open})",
        "UPDATE open_link SET expires_at = NEW.expires_at, check_at = COALESCE(NEW.stripe_checked_at, NEW.created_at)
            WHERE order_id = NEW.order_id AND link_id = NEW.id;",
    ),
    ("told", "INSERT ON payment_link {each} WHEN (NEW.stripe_payment_intent IS NOT NULL)", INSERT_INTENT),
    (
        "told_again",
        "UPDATE OF stripe_payment_intent ON payment_link {each}
            WHEN (COALESCE(OLD.stripe_payment_intent, '') <> COALESCE(NEW.stripe_payment_intent, ''))",
        "DELETE FROM link_intent
            WHERE merchant_id = OLD.merchant_id AND intent = OLD.stripe_payment_intent AND link_id = OLD.id;
        INSERT INTO link_intent (merchant_id, intent, link_id)
            SELECT NEW.merchant_id, NEW.stripe_payment_intent, NEW.id WHERE NEW.stripe_payment_intent IS NOT NULL;",
    ),
];

const INSERT_OPEN: &str = "INSERT INTO open_link (order_id, link_id, expires_at, check_at)
    VALUES (NEW.order_id, NEW.id, NEW.expires_at, COALESCE(NEW.stripe_checked_at, NEW.created_at));";
const INSERT_INTENT: &str = "INSERT INTO link_intent (merchant_id, intent, link_id)
    VALUES (NEW.merchant_id, NEW.stripe_payment_intent, NEW.id);";

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        if !on_postgresql || !FILL.is_prepared(manager.get_connection()).await? {
            for statement in tables_and_triggers(manager.get_database_backend()) {
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        // A link that changes meanwhile is copied as it is then.
        let held = if on_postgresql { "FOR NO KEY UPDATE" } else { "" };
        dialect::run(manager, &ROWS.replace("{open}", OPEN).replace("{held}", held)).await?;
        if on_postgresql {
            dialect::run(
                manager,
                "ALTER TABLE payment_link SET (fillfactor = 50); ALTER TABLE orders SET (fillfactor = 70)",
            )
            .await?;
        }
        Ok(())
    }
}

fn tables_and_triggers(backend: DbBackend) -> Vec<String> {
    let mut statements = dialect::statements(TABLES, backend);
    for (name, when, then) in TRIGGERS {
        let when = when.replace("{each}", "FOR EACH ROW").replace("{open}", OPEN);
        let on_postgresql = matches!(backend, DbBackend::Postgres);
        statements.extend(dialect::trigger(&format!("payment_link_{name}"), &when, then, on_postgresql));
    }
    statements
}
