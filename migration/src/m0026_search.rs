//! A search column of orders, folded by the program: their number, name, phone and amount, and the numbers and amounts
//! of their links.
//!
//! On PostgreSQL it has its own gram index: every three consecutive characters, and every two of which one is not
//! ASCII. It needs no extension and compares bytes, so that it behaves the same in every locale. The merchant is one of
//! the grams. The function is declared expensive so that the planner uses the index. SQLite scans a covering index.
//! Rows from before, and those written by an earlier version, have no text yet; they are in an index that is otherwise
//! empty.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(
            manager,
            "
ALTER TABLE orders ADD COLUMN search text;
CREATE INDEX orders_without_search ON orders (id) WHERE search IS NULL
",
        )
        .await?;
        let index = if matches!(manager.get_database_backend(), DbBackend::Postgres) {
            "
CREATE FUNCTION paylink_grams(uuid, text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
    SELECT array_agg(gram) FROM (
        SELECT $1::text AS gram
        UNION SELECT substr($2, n, 3) FROM generate_series(1, length($2) - 2) AS n
        UNION SELECT substr($2, n, 2) FROM generate_series(1, length($2) - 1) AS n
            WHERE octet_length(substr($2, n, 2)) > 2
    ) AS grams
$$;
CREATE INDEX orders_search ON orders USING gin (paylink_grams(merchant_id, search))
"
        } else {
            "CREATE INDEX orders_search ON orders (merchant_id, id, search)"
        };
        dialect::run(manager, index).await
    }
}
