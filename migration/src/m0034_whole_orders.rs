//! Further fields of an order, its archiving, and unique order numbers.
//!
//! `number_key` is the number under which an order is found: of orders with the same number from before this step, the
//! newest. Orders written by the previous version have none. They are found by their number nevertheless, but a race
//! between two of them is not prevented.
//!
//! On PostgreSQL the column comes first, and most orders get theirs [ahead](crate::fill); the step takes it from those
//! that a newer order came after meanwhile.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    ahead::{Index, IndexStep},
    dialect,
    fill::{Fill, Groundwork},
};

pub(crate) const INDEXES: IndexStep = IndexStep {
    name: "m0034_whole_orders",
    indexes: &[Index::new("orders_by_number", "orders", "(merchant_id, number, id)")],
};

pub(crate) const FILL: Fill = Fill {
    step: INDEXES.name,
    table: "orders",
    statements: &["UPDATE orders SET number_key = number WHERE id IN (
        SELECT id FROM orders WHERE number_key IS NULL AND {page} AND NOT EXISTS (
            SELECT 1 FROM orders AS newer
            WHERE newer.merchant_id = orders.merchant_id AND newer.number = orders.number AND newer.id > orders.id
        ) FOR NO KEY UPDATE SKIP LOCKED)"],
    before: Some(Groundwork {
        is_there: "EXISTS (SELECT 1 FROM pg_attribute \
            WHERE attrelid = to_regclass('orders') AND attname = 'number_key' AND NOT attisdropped)",
        statements: || vec![KEY.to_owned()],
    }),
    indexes: INDEXES.indexes,
};

const KEY: &str = "ALTER TABLE orders ADD COLUMN number_key text";

const COLUMNS: &str = "
ALTER TABLE orders ADD COLUMN metadata text NOT NULL DEFAULT '{}';
ALTER TABLE orders ADD COLUMN notes text;
ALTER TABLE orders ADD COLUMN language text;
ALTER TABLE orders ADD COLUMN archived_at {time};
ALTER TABLE payment_link ADD COLUMN metadata text NOT NULL DEFAULT '{}'";

const KEYS: &str = "
UPDATE orders SET number_key = NULL WHERE number_key IS NOT NULL AND EXISTS (
    SELECT 1 FROM orders AS newer
    WHERE newer.merchant_id = orders.merchant_id AND newer.number = orders.number AND newer.id > orders.id
);
UPDATE orders SET number_key = number WHERE number_key IS NULL AND NOT EXISTS (
    SELECT 1 FROM orders AS newer
    WHERE newer.merchant_id = orders.merchant_id AND newer.number = orders.number AND newer.id > orders.id
);
CREATE UNIQUE INDEX orders_one_number ON orders (merchant_id, number_key)";

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        INDEXES.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, COLUMNS).await?;
        let on_postgresql = matches!(manager.get_database_backend(), DbBackend::Postgres);
        if !on_postgresql || !FILL.is_prepared(manager.get_connection()).await? {
            dialect::run(manager, KEY).await?;
        }
        INDEXES.up(manager).await?;
        dialect::run(manager, KEYS).await
    }
}
