//! Finishing jobs, any number in one statement.

use chrono::{DateTime, Utc};
use entity::{Rows, Transaction, job::JobState};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use crate::{Done, JobError, Lease, event_jobs};

const FINISH: &str = "UPDATE job SET state = {0}, finished_at = {1}, claimed_at = NULL FROM v \
    WHERE id = v.job_id AND attempt = v.job_attempt AND state = v.held_state";
const REMOVE: &str = "DELETE FROM job USING v WHERE id = v.job_id AND attempt = v.job_attempt AND state = v.held_state";
/// SQLite does not support `USING`.
const REMOVE_ON_SQLITE: &str =
    "DELETE FROM job WHERE (id, attempt, state) IN (SELECT job_id, job_attempt, held_state FROM v)";

/// Finishes jobs and commits `tx`, which holds their effects, atomically. The proofs are in the order of the leases.
/// Without leases, `tx` is rolled back. A job [without a row](Lease::has_row) is finished by the outcome of its event,
/// which `tx` holds, too.
///
/// # Errors
/// Returns [`JobError::NotOurs`] if another worker finished or claimed one of them meanwhile; then all effects are
/// rolled back.
pub async fn finish_all(leases: &[&Lease], tx: Transaction, now: DateTime<Utc>) -> Result<Vec<Done>, JobError> {
    if leases.is_empty() {
        tx.rollback().await?;
        return Ok(Vec::new());
    }
    // Sorted by id, so that two groups cannot deadlock.
    let mut in_order = leases.to_vec();
    in_order.sort_unstable_by_key(|lease| lease.job().id);
    let (with_row, without): (Vec<&Lease>, Vec<&Lease>) = in_order.into_iter().partition(|lease| lease.has_row());
    let rows = with_row.len();
    let (removed, kept): (Vec<&Lease>, Vec<&Lease>) = with_row.into_iter().partition(|lease| lease.leaves_nothing());
    let finished = remove(&tx, &removed).await? + keep(&tx, &kept, now).await?;
    // The row of one that has waited for long may have been written since.
    let waited: Vec<&Lease> =
        without.into_iter().filter(|lease| event_jobs::may_be_written(lease.job(), now)).collect();
    remove(&tx, &waited).await?;
    if usize::try_from(finished).ok() != Some(rows) {
        tx.rollback().await?;
        return Err(JobError::NotOurs);
    }
    tx.commit().await?;
    Ok(leases.iter().map(|_| Done::proven()).collect())
}

/// Marks rows as done. Returns how many leases were still valid.
async fn keep(tx: &Transaction, leases: &[&Lease], now: DateTime<Utc>) -> Result<u64, DbErr> {
    let rows = held(leases);
    if rows.is_empty() {
        return Ok(0);
    }
    let more = vec![JobState::Done.into(), now.into()];
    Ok(tx.execute_raw(rows.statement(tx.get_database_backend(), FINISH, more)).await?.rows_affected())
}

/// Deletes rows. Returns how many leases were still valid.
async fn remove(tx: &Transaction, leases: &[&Lease]) -> Result<u64, DbErr> {
    let rows = held(leases);
    if rows.is_empty() {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    let remove = if matches!(backend, DbBackend::Sqlite) { REMOVE_ON_SQLITE } else { REMOVE };
    Ok(tx.execute_raw(rows.statement(backend, remove, Vec::new())).await?.rows_affected())
}

/// The values the rows must have for the leases to be valid.
fn held(leases: &[&Lease]) -> Rows<3> {
    let mut rows = Rows::new([("job_id", "uuid"), ("job_attempt", "bigint"), ("held_state", "text")]);
    for lease in leases {
        rows.push([lease.job().id.into(), lease.counted().into(), JobState::Queued.into()]);
    }
    rows
}
