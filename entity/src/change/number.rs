//! Assigns numbers to changes after the commit that wrote them.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{FromQueryResult, QuerySelect, entity::prelude::*};

use super::{
    numbered::NumberedChange,
    set::{Column, Entity, Model},
};
use crate::{Rows, Transaction};
use domain::{LinkId, MerchantId, OrderId};

/// The most sets that one transaction numbers.
const SETS_AT_ONCE: i64 = 250;

/// Locks the merchants' feeds and reads their latest numbers.
const LOCK: &str = "INSERT INTO change_feed (merchant_id, last_seq) SELECT merchant, 0 FROM v WHERE true ORDER BY merchant \
    ON CONFLICT (merchant_id) DO UPDATE SET last_seq = change_feed.last_seq RETURNING merchant_id, last_seq";

/// Runs once the locks are held, so it does not see changes that were numbered meanwhile.
const FIND: &str = "SELECT change_set.* FROM change_set JOIN v ON merchant_id = merchant WHERE last_seq IS NULL \
    ORDER BY merchant_id, id LIMIT {0}";

const NUMBER: &str = "UPDATE change_set SET last_seq = v.number FROM v WHERE id = v.the_set";

const MOVE_ON: &str = "UPDATE change_feed SET last_seq = v.number FROM v WHERE merchant_id = v.merchant";

/// Changes that were numbered.
#[derive(Debug, Default)]
pub struct Numbered {
    /// The changes, in order for each merchant.
    pub changes: Vec<NumberedChange>,
    /// Whether there may be more changes to number.
    pub has_more: bool,
}

/// Numbers these merchants' changes that have no number yet; if there are too many, only some. Two callers number one
/// merchant's changes one after the other; writers of changes wait for neither.
pub async fn number(tx: &Transaction, merchants: &BTreeSet<MerchantId>) -> Result<Numbered, DbErr> {
    if merchants.is_empty() {
        return Ok(Numbered::default());
    }
    let backend = tx.get_database_backend();
    let locked = tx.query_all_raw(of(merchants).statement(backend, LOCK, Vec::new())).await?;
    let mut last: HashMap<MerchantId, i64> = HashMap::new();
    for row in locked {
        last.insert(row.try_get("", "merchant_id")?, row.try_get("", "last_seq")?);
    }
    let found = tx.query_all_raw(of(merchants).statement(backend, FIND, vec![SETS_AT_ONCE.into()])).await?;
    let mut sets = found.iter().map(|row| Model::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    if sets.is_empty() {
        return Ok(Numbered::default());
    }
    let mut numbers = Rows::new([("the_set", "bigint"), ("number", "bigint")]);
    for set in &mut sets {
        let last = last.entry(set.merchant_id).or_default();
        *last += set.count;
        set.last_seq = Some(*last);
        numbers.push([set.id.into(), (*last).into()]);
    }
    let mut moved = Rows::new([("merchant", "uuid"), ("number", "bigint")]);
    for merchant in sets.iter().map(|set| set.merchant_id).collect::<BTreeSet<_>>() {
        moved.push([merchant.into(), last[&merchant].into()]);
    }
    tx.execute_raw(numbers.statement(backend, NUMBER, Vec::new())).await?;
    tx.execute_raw(moved.statement(backend, MOVE_ON, Vec::new())).await?;
    let has_more = i64::try_from(sets.len()).is_ok_and(|found| found >= SETS_AT_ONCE);
    let mut changes = Vec::new();
    for set in &sets {
        changes.extend(set.numbered()?);
    }
    tell_orders(tx, &mut changes).await?;
    Ok(Numbered { changes, has_more })
}

/// Fills in the orders of links that the writer of the change knew only by id.
async fn tell_orders(tx: &Transaction, changes: &mut [NumberedChange]) -> Result<(), DbErr> {
    let needs_order = |change: &&mut NumberedChange| change.order_id.is_none() && change.link().is_some();
    let links: BTreeSet<LinkId> = changes.iter_mut().filter(needs_order).filter_map(|change| change.link()).collect();
    if links.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::new([("the_link", "uuid")]);
    for link in links {
        rows.push([link.into()]);
    }
    let select = "SELECT id, order_id FROM v JOIN payment_link ON id = the_link";
    let mut orders: HashMap<LinkId, OrderId> = HashMap::new();
    for row in tx.query_all_raw(rows.statement(tx.get_database_backend(), select, Vec::new())).await? {
        orders.insert(row.try_get("", "id")?, row.try_get("", "order_id")?);
    }
    for change in changes.iter_mut().filter(needs_order) {
        change.order_id = change.link().and_then(|link| orders.get(&link).copied());
    }
    Ok(())
}

fn of(merchants: &BTreeSet<MerchantId>) -> Rows<1> {
    let mut rows = Rows::new([("merchant", "uuid")]);
    for merchant in merchants {
        rows.push([(*merchant).into()]);
    }
    rows
}

/// Merchants with unnumbered changes, which a crash has left.
pub async fn unnumbered(db: &impl ConnectionTrait, limit: u64) -> Result<BTreeSet<MerchantId>, DbErr> {
    let found = Entity::find()
        .select_only()
        .column(Column::MerchantId)
        .distinct()
        .filter(Column::LastSeq.is_null())
        .limit(limit)
        .into_tuple::<MerchantId>()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}
