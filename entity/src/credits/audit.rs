//! Checks that every balance equals the sum of its ledger.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QuerySelect, sea_query::LockType};

use super::{
    CreditEntry,
    checkpoint::{self, Checkpoint},
    statement,
};
use crate::{Db, Merchant, merchant};
use domain::MerchantId;

/// How many entries are read at once.
const PAGE: u64 = 1_000;

/// Which entries of each ledger are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditScope {
    /// Those since the last audit without a discrepancy. What was altered in earlier ones is not found.
    SinceCheckpoint,
    /// All.
    Whole,
}

/// What an audit has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// How many entries it has read.
    pub entries_read: u64,
    /// What does not add up.
    pub discrepancies: Vec<Discrepancy>,
}

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
    fn at(checkpoint: &Checkpoint) -> Self {
        let &Checkpoint { entries, available, held, .. } = checkpoint;
        Self { entries, available, held, first_wrong: None }
    }

    fn add(&mut self, entry: &CreditEntry) {
        self.entries += 1;
        self.available += entry.available_delta;
        self.held += entry.held_delta;
        if entry.number != self.entries || entry.available_after != self.available {
            self.first_wrong.get_or_insert(self.entries);
        }
    }
}

/// Recomputes every balance from the ledger, merchant by merchant, and records how far those that add up were read. A
/// ledger with a discrepancy is read whole by the next audit.
pub async fn audit(db: &Db, scope: AuditScope) -> Result<Audit, DbErr> {
    let mut audit = Audit::default();
    for id in merchant::ids(db.pool()).await? {
        let checkpoint = match scope {
            AuditScope::SinceCheckpoint => checkpoint::find(db.pool(), id).await?,
            AuditScope::Whole => None,
        };
        let row = merchant::get(db.pool(), id).await?;
        if audit.compare(db.pool(), &row, checkpoint.as_ref()).await?.is_none() {
            if row.ledger_entries != checkpoint.map_or(0, |checkpoint| checkpoint.entries) {
                checkpoint::record(db.pool(), &row).await?;
            }
            continue;
        }
        // A text may have been sent between the two reads, so check again under the ledger's lock.
        let tx = db.begin().await?;
        if let Some(row) = merchant::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&tx).await? {
            match audit.compare(&tx, &row, checkpoint.as_ref()).await? {
                None => checkpoint::record(&tx, &row).await?,
                Some(found) => {
                    checkpoint::forget(&tx, id).await?;
                    audit.discrepancies.push(found);
                }
            }
        }
        tx.commit().await?;
    }
    Ok(audit)
}

impl Audit {
    /// Compares a balance with its ledger, from the checkpoint on if there is one.
    async fn compare(
        &mut self,
        db: &impl ConnectionTrait,
        row: &Merchant,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Option<Discrepancy>, DbErr> {
        let mut sums = checkpoint.map_or_else(Sums::default, Sums::at);
        let mut after = checkpoint.map_or(i64::MIN, |checkpoint| checkpoint.entries);
        loop {
            let page = statement(db, row.id, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.number;
            self.entries_read += page.len() as u64;
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
}
