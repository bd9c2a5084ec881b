//! Limits how much order data a merchant writes per day, and how much of it is read at once.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use sea_orm::{QuerySelect, Select, Statement, entity::prelude::*, sea_query::Expr};

use super::{Column, Entity, Order};
use crate::list::{Found, MOST_AT_ONCE, fitting};
use domain::{MerchantId, OrderId};

/// What varies in size, without that it is read: neither database has to look at the texts for it.
const BYTES: &str = "CAST(octet_length(orders.details) + octet_length(orders.metadata) \
    + coalesce(octet_length(orders.notes), 0) AS bigint)";

/// What a row costs beside its texts: its columns, its indexes, and that it has changed.
const ROW: usize = 1024;

impl Order {
    /// About how many bytes it takes up.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let texts = [&self.number, &self.customer_name, &self.details, &self.metadata];
        let texts = texts.into_iter().map(String::len).sum::<usize>();
        (ROW + texts + self.notes.as_ref().map_or(0, String::len)) as u64
    }
}

/// Counts so many more bytes of this day, in the transaction that writes them: how many there are now. Nothing if there would be more
/// than `most`.
///
/// # Errors
/// When the database does not answer.
pub async fn count_bytes(
    tx: &impl ConnectionTrait,
    merchant: MerchantId,
    day: NaiveDate,
    bytes: u64,
    most: u64,
) -> Result<Option<u64>, DbErr> {
    let [bytes, most] = [bytes, most].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    // Raw SQL: an upsert that is refused by its own condition and answers what it came to is one round trip, and no two can pass at once.
    let count = "INSERT INTO order_volume (merchant_id, day, bytes) VALUES ($1, $2, $3) \
        ON CONFLICT (merchant_id, day) DO UPDATE SET bytes = order_volume.bytes + $3 \
            WHERE order_volume.bytes <= $4 - $3 \
        RETURNING bytes";
    let values = [merchant.into(), day.to_string().into(), bytes.into(), most.into()];
    let counted = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), count, values)).await?;
    let bytes = |row: sea_orm::QueryResult| Ok(u64::try_from(row.try_get::<i64>("", "bytes")?).unwrap_or_default());
    counted.map(bytes).transpose()
}

/// Forgets the counts of days before this one; answers how many.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_counts_before(db: &impl ConnectionTrait, day: NaiveDate) -> Result<u64, DbErr> {
    let forget = "DELETE FROM order_volume WHERE day < $1";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), forget, [day.to_string().into()]);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// Of those that are selected the first ones: one at least, and no more than [`MOST_AT_ONCE`].
pub(super) async fn first_of(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    selected: Select<Entity>,
) -> Result<Found<Order>, DbErr> {
    let ids = sizes_of(db, selected).await?;
    let few = fitting(ids.iter().map(|(_, bytes)| *bytes), MOST_AT_ONCE);
    let wanted: BTreeSet<OrderId> = ids.iter().take(few).map(|(id, _)| *id).collect();
    let found = super::find_all(db, merchant, wanted).await?;
    let mut by_id: HashMap<OrderId, Order> = found.into_iter().map(|order| (order.id, order)).collect();
    let rows = ids.iter().take(few).filter_map(|(id, _)| by_id.remove(id)).collect();
    Ok(Found { rows, has_more: few < ids.len() })
}

/// How many bytes these of the merchant's orders have, beside what all have.
///
/// # Errors
/// When the database does not answer.
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
    let sizes = selected.select_only().column(Column::Id).expr_as(Expr::cust(BYTES), "bytes");
    let sizes: Vec<(OrderId, i64)> = sizes.into_tuple().all(db).await?;
    Ok(sizes.into_iter().map(|(id, bytes)| (id, u64::try_from(bytes).unwrap_or_default())).collect())
}
