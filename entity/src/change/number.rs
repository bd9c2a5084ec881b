//! Giving changes their numbers, after the commit that wrote them.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{FromQueryResult, QuerySelect, entity::prelude::*};

use super::row::{Column, Entity, Model};
use crate::{Rows, Transaction};
use domain::MerchantId;

/// How many changes are numbered in one transaction.
pub const MOST_AT_ONCE: u64 = 1_000;

/// The lock of merchants' feeds, and what they have come to.
const LOCK: &str = "INSERT INTO change_feed (merchant_id, last_seq) SELECT merchant, 0 FROM v WHERE true ORDER BY merchant \
    ON CONFLICT (merchant_id) DO UPDATE SET last_seq = change_feed.last_seq RETURNING merchant_id, last_seq";

/// Read after the locks are held, so that whatever another has numbered meanwhile is not seen.
const FIND: &str = "SELECT change.* FROM change JOIN v ON merchant_id = merchant WHERE seq IS NULL \
    ORDER BY merchant_id, id LIMIT {0}";

const NUMBER: &str = "UPDATE change SET seq = v.number FROM v WHERE id = v.the_change";

const MOVE_ON: &str = "UPDATE change_feed SET last_seq = v.number FROM v WHERE merchant_id = v.merchant";

/// Numbers changes of these merchants that have no number yet, at most [`MOST_AT_ONCE`]; answers them, each merchant's in their order.
/// Two who number one merchant's changes do so one after the other; who only writes changes waits for neither.
///
/// # Errors
/// When the database does not answer.
pub async fn number(tx: &Transaction, merchants: &BTreeSet<MerchantId>) -> Result<Vec<Model>, DbErr> {
    if merchants.is_empty() {
        return Ok(Vec::new());
    }
    let backend = tx.get_database_backend();
    let locked = tx.query_all_raw(of(merchants).statement(backend, LOCK, Vec::new())).await?;
    let mut last: HashMap<MerchantId, i64> = HashMap::new();
    for row in locked {
        last.insert(row.try_get("", "merchant_id")?, row.try_get("", "last_seq")?);
    }
    let limit = i64::try_from(MOST_AT_ONCE).unwrap_or(i64::MAX);
    let found = tx.query_all_raw(of(merchants).statement(backend, FIND, vec![limit.into()])).await?;
    let mut changes = found.iter().map(|row| Model::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    if changes.is_empty() {
        return Ok(changes);
    }
    let mut numbers = Rows::new([("the_change", "bigint"), ("number", "bigint")]);
    for change in &mut changes {
        let last = last.entry(change.merchant_id).or_default();
        *last += 1;
        change.seq = Some(*last);
        numbers.push([change.id.into(), (*last).into()]);
    }
    let mut moved = Rows::new([("merchant", "uuid"), ("number", "bigint")]);
    for merchant in changes.iter().map(|change| change.merchant_id).collect::<BTreeSet<_>>() {
        moved.push([merchant.into(), last[&merchant].into()]);
    }
    tx.execute_raw(numbers.statement(backend, NUMBER, Vec::new())).await?;
    tx.execute_raw(moved.statement(backend, MOVE_ON, Vec::new())).await?;
    Ok(changes)
}

fn of(merchants: &BTreeSet<MerchantId>) -> Rows<1> {
    let mut rows = Rows::new([("merchant", "uuid")]);
    for merchant in merchants {
        rows.push([(*merchant).into()]);
    }
    rows
}

/// Merchants some of whose changes have no number yet: what a crash has left.
///
/// # Errors
/// When the database does not answer.
pub async fn unnumbered(db: &impl ConnectionTrait, limit: u64) -> Result<BTreeSet<MerchantId>, DbErr> {
    let found = Entity::find()
        .select_only()
        .column(Column::MerchantId)
        .distinct()
        .filter(Column::Seq.is_null())
        .limit(limit)
        .into_tuple::<MerchantId>()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}
