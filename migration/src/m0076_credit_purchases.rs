//! Credit purchases from the operator, corrections, and prices by prefix of a number.
//!
//! A purchase is credited once because its row is locked while it is settled. A unique index of the ledger would block
//! all writes to it while being built.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

const TOP_UP: &str = "(kind = 'top_up' AND message_id IS NULL AND available_delta > 0 AND held_delta = 0)";

const MORE: &str = "(kind IN ('purchase', 'refund') AND message_id IS NULL AND available_delta <> 0 AND held_delta = 0)
        OR (kind = 'correction' AND message_id IS NULL AND available_delta <> 0 AND held_delta = 0 AND note IS NOT NULL)";

const OTHERS: &str =
    "(kind = 'hold' AND message_id IS NOT NULL AND available_delta < 0 AND held_delta = -available_delta)
        OR (kind = 'capture' AND message_id IS NOT NULL AND available_delta = 0 AND held_delta < 0)
        OR (kind = 'release' AND message_id IS NOT NULL AND available_delta > 0 AND held_delta = -available_delta)";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(
            manager,
            "
CREATE TABLE credit_purchase (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    credits {int} NOT NULL CHECK (credits > 0),
    amount {int} NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('creating', 'open', 'processing', 'paid', 'expired', 'failed')),
    url text,
    stripe_session_id text UNIQUE,
    stripe_payment_id text UNIQUE,
    returned {int} NOT NULL CHECK (returned >= 0 AND returned <= amount),
    credited {int} NOT NULL CHECK (credited >= 0 AND credited <= credits),
    short {int} NOT NULL CHECK (short >= 0),
    version {int} NOT NULL,
    failure text,
    actor text NOT NULL,
    created_at {time} NOT NULL,
    paid_at {time}
);
CREATE INDEX credit_purchase_by_merchant ON credit_purchase (merchant_id, id);
CREATE INDEX credit_purchase_under_way ON credit_purchase (id) WHERE state IN ('open', 'processing');
ALTER TABLE credit_entry ADD COLUMN purchase_id {id} REFERENCES credit_purchase (id);
CREATE INDEX credit_purchase_short ON credit_purchase (id) WHERE short > 0;
ALTER TABLE merchant ADD COLUMN sms_rates text;
ALTER TABLE merchant ADD COLUMN low_credit_told_at {time};
UPDATE merchant SET low_credit_told_at = low_credit_since WHERE low_credit_since IS NOT NULL;
CREATE INDEX merchant_low_on_credit ON merchant (id) WHERE low_credit_since IS NOT NULL
",
        )
        .await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            let sql = dialect::table_on_sqlite(manager, "credit_entry").await?;
            let widened = sql.replacen(TOP_UP, &format!("{TOP_UP} OR {MORE}"), 1);
            if widened == sql {
                return Err(DbErr::Migration("the rule of what entries do is not where it was".to_owned()));
            }
            return dialect::declare_on_sqlite(manager, "credit_entry", &widened).await;
        }
        let statement = format!(
            "ALTER TABLE credit_entry DROP CONSTRAINT credit_entry_check; \
             ALTER TABLE credit_entry ADD CONSTRAINT credit_entry_check CHECK ({TOP_UP} OR {MORE} OR {OTHERS}) NOT VALID"
        );
        dialect::run(manager, &statement).await
    }
}
