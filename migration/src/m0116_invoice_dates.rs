//! An order's own invoice date and due date, and the due dates of unpaid orders: what is overdue is found without
//! reading what is paid.
//!
//! The triggers that write unpaid orders are those of [`m0110_unpaid_orders`](super::m0110_unpaid_orders), and also
//! write the due date.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

const COLUMNS: &str = "
ALTER TABLE orders ADD COLUMN invoice_date text;
ALTER TABLE orders ADD COLUMN due_date text;
ALTER TABLE unpaid_order ADD COLUMN due_date text;
CREATE INDEX unpaid_order_due ON unpaid_order (merchant_id, due_date, order_id) WHERE due_date IS NOT NULL";

/// The earlier triggers: name and condition.
const BEFORE: [(&str, &str); 2] = [
    ("orders_written_unpaid", "INSERT ON orders FOR EACH ROW WHEN (NEW.tag = 'unpaid')"),
    ("orders_unpaid", "UPDATE OF tag ON orders FOR EACH ROW WHEN (OLD.tag <> 'unpaid' AND NEW.tag = 'unpaid')"),
];

const INSERT: &str =
    "INSERT INTO unpaid_order (merchant_id, order_id, due_date) VALUES (NEW.merchant_id, NEW.id, NEW.due_date)
    ON CONFLICT DO NOTHING;";

/// An order that is not unpaid now may still have its row, and be unpaid again before that is removed.
const UPDATE: &str =
    "UPDATE unpaid_order SET due_date = NEW.due_date WHERE merchant_id = NEW.merchant_id AND order_id = NEW.id;";

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        dialect::run(manager, COLUMNS).await?;
        let connection = manager.get_connection();
        for (name, when) in BEFORE {
            for statement in replaced(name, when, on_postgresql) {
                connection.execute_unprepared(&statement).await?;
            }
        }
        let when = "UPDATE OF due_date ON orders FOR EACH ROW WHEN (OLD.due_date IS DISTINCT FROM NEW.due_date)";
        dialect::create_trigger(manager, "orders_due", when, UPDATE).await
    }
}

/// The statements that have a trigger do [`INSERT`] from now on.
fn replaced(name: &str, when: &str, on_postgresql: bool) -> Vec<String> {
    if on_postgresql {
        return vec![format!(
            "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {INSERT} RETURN NULL; END $$"
        )];
    }
    // Under another name: another connection may still know the one that is gone.
    let mut statements = vec![format!("DROP TRIGGER {name}")];
    statements.extend(dialect::trigger(&format!("{name}_with_due_date"), when, INSERT, false));
    statements
}
