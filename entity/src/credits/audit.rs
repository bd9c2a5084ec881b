//! Checks that every balance equals the sum of its ledger.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QuerySelect, sea_query::LockType};

use super::{CreditEntry, statement};
use crate::{Db, Merchant, merchant};
use domain::MerchantId;

/// How many entries are read at once.
const PAGE: u64 = 1_000;

/// A merchant whose balance differs from the sum of the ledger, or whose ledger is inconsistent. There must be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// The merchant that owns the balance.
    pub merchant_id: MerchantId,
    /// Available and held credits on the merchant's row.
    pub on_row: (i64, i64),
    /// Available and held credits by the ledger.
    pub by_ledger: (i64, i64),
    /// The number of the first entry that is missing or superfluous, or whose balance is not the sum so far.
    pub first_wrong: Option<i64>,
}

/// The sums of the entries.
#[derive(Default)]
struct Sums {
    entries: i64,
    available: i64,
    held: i64,
    first_wrong: Option<i64>,
}

impl Sums {
    fn add(&mut self, entry: &CreditEntry) {
        self.entries += 1;
        self.available += entry.available_delta;
        self.held += entry.held_delta;
        if entry.number != self.entries || entry.available_after != self.available {
            self.first_wrong.get_or_insert(self.entries);
        }
    }
}

/// Recomputes every balance from the ledger, merchant by merchant.
pub async fn audit(db: &Db) -> Result<Vec<Discrepancy>, DbErr> {
    let mut found = Vec::new();
    for id in merchant::ids(db.pool()).await? {
        let row = merchant::get(db.pool(), id).await?;
        if compare(db.pool(), &row).await?.is_none() {
            continue;
        }
        // A text may have been sent between the two reads, so check again under the ledger's lock.
        let tx = db.begin().await?;
        if let Some(row) = merchant::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&tx).await? {
            found.extend(compare(&tx, &row).await?);
        }
        tx.rollback().await?;
    }
    Ok(found)
}

async fn compare(db: &impl ConnectionTrait, row: &Merchant) -> Result<Option<Discrepancy>, DbErr> {
    let (mut sums, mut after) = (Sums::default(), i64::MIN);
    loop {
        let page = statement(db, row.id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for entry in &page {
            sums.add(entry);
        }
    }
    if sums.entries != row.ledger_entries {
        sums.first_wrong.get_or_insert(sums.entries.min(row.ledger_entries) + 1);
    }
    let (on_row, by_ledger) = ((row.available, row.held), (sums.available, sums.held));
    let adds_up = on_row == by_ledger && sums.first_wrong.is_none();
    Ok((!adds_up).then_some(Discrepancy { merchant_id: row.id, on_row, by_ledger, first_wrong: sums.first_wrong }))
}
