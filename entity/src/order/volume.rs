//! The daily volume of orders a merchant writes, and how much is read at once.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

use chrono::NaiveDate;
use sea_orm::{FromQueryResult, QuerySelect, QueryTrait, Select, Statement, entity::prelude::*, sea_query::Expr};

use super::{Column, Entity, Order};
use crate::{
    list::{MOST_AT_ONCE, Sort},
    looking::Matches,
};
use domain::{MerchantId, OrderId};

/// The size of the parts that vary, which both databases know without reading the texts.
const BYTES: &str = "CAST(octet_length(orders.details) + octet_length(orders.metadata) \
    + coalesce(octet_length(orders.notes), 0) AS bigint)";

/// The overhead of a row besides its texts: columns, indexes, and the marker of its change.
const ROW: usize = 1024;

impl Order {
    /// Its approximate size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let texts = [&self.number, &self.customer_name, &self.details, &self.metadata];
        let texts = texts.into_iter().map(String::len).sum::<usize>();
        (ROW + texts + self.notes.as_ref().map_or(0, String::len)) as u64
    }
}

/// Adds to the bytes of this day, in the transaction that writes them. Returns the new sum, or `None` if it would
/// exceed `most`.
pub async fn count_bytes(
    tx: &impl ConnectionTrait,
    merchant: MerchantId,
    day: NaiveDate,
    bytes: u64,
    most: u64,
) -> Result<Option<u64>, DbErr> {
    let [bytes, most] = [bytes, most].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    // Raw SQL: a conditional upsert that returns the sum takes one round trip, and two concurrent ones cannot both
    // pass.
    let count = "INSERT INTO order_volume (merchant_id, day, bytes) VALUES ($1, $2, $3) \
        ON CONFLICT (merchant_id, day) DO UPDATE SET bytes = order_volume.bytes + $3 \
            WHERE order_volume.bytes <= $4 - $3 \
        RETURNING bytes";
    let values = [merchant.into(), day.to_string().into(), bytes.into(), most.into()];
    let counted = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), count, values)).await?;
    let bytes = |row: sea_orm::QueryResult| Ok(u64::try_from(row.try_get::<i64>("", "bytes")?).unwrap_or_default());
    counted.map(bytes).transpose()
}

/// Deletes the counts of days before this one. Returns how many.
pub async fn forget_counts_before(db: &impl ConnectionTrait, day: NaiveDate) -> Result<u64, DbErr> {
    let forget = "DELETE FROM order_volume WHERE day < $1";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), forget, [day.to_string().into()]);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// The first of the selected orders in this direction: at least one, and at most [`MOST_AT_ONCE`].
///
/// Raw SQL: sizes are summed up before any text is read, and what fits is read in the same round trip. The ids are
/// looked up one by one, since on both databases what is selected comes first.
pub(super) async fn first_of(
    db: &impl ConnectionTrait,
    sort: Sort,
    selected: Select<Entity>,
) -> Result<Matches<Order>, DbErr> {
    let backend = db.get_database_backend();
    let Statement { sql: selected, values, .. } = sized(selected).build(backend);
    let direction = match sort {
        Sort::NewestFirst => "DESC",
        Sort::OldestFirst => "ASC",
    };
    let fitting = format!(
        "WITH sized AS MATERIALIZED ({selected}), summed AS MATERIALIZED (\
            SELECT id, sum(bytes) OVER in_order AS bytes_so_far, row_number() OVER in_order AS place, count(*) OVER () AS of_all \
            FROM sized WINDOW in_order AS (ORDER BY id {direction})) \
        SELECT orders.*, of_all FROM summed CROSS JOIN orders \
        WHERE orders.id = summed.id AND (place = 1 OR bytes_so_far <= {MOST_AT_ONCE})"
    );
    let statement = Statement { sql: fitting, values, db_backend: backend };
    let found = db.query_all_raw(statement).await?;
    let all: i64 = found.first().map_or(Ok(0), |row| row.try_get("", "of_all"))?;
    let mut rows = found.iter().map(|row| Order::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    match sort {
        Sort::NewestFirst => rows.sort_unstable_by_key(|order| Reverse(order.id)),
        Sort::OldestFirst => rows.sort_unstable_by_key(|order| order.id),
    }
    let is_cut = i64::try_from(rows.len()).is_ok_and(|read| read < all);
    Ok(Matches { rows, is_cut })
}

/// The variable size in bytes of the merchant's orders with these ids.
pub async fn sizes(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
) -> Result<HashMap<OrderId, u64>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let selected = Entity::find().filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant));
    Ok(sizes_of(db, selected).await?.into_iter().collect())
}

async fn sizes_of(db: &impl ConnectionTrait, selected: Select<Entity>) -> Result<Vec<(OrderId, u64)>, DbErr> {
    let sizes: Vec<(OrderId, i64)> = sized(selected).into_tuple().all(db).await?;
    Ok(sizes.into_iter().map(|(id, bytes)| (id, u64::try_from(bytes).unwrap_or_default())).collect())
}

/// Of the selected orders their ids and sizes.
fn sized(selected: Select<Entity>) -> Select<Entity> {
    selected.select_only().column(Column::Id).expr_as(Expr::cust(BYTES), "bytes")
}
