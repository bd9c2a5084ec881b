//! Finishing jobs: many in one statement, and one as a group of one.

use chrono::{DateTime, Utc};
use entity::{Rows, Transaction, job::JobState};
use sea_orm::ConnectionTrait;

use crate::{Done, JobError, Lease};

/// Finishes jobs and commits `tx`, which holds their effects: all of it, or nothing. The proofs are in the order of the leases. With no lease
/// there is nothing to commit.
///
/// # Errors
/// [`JobError::NotOurs`] if another finished or claimed one of them meanwhile; then all effects are rolled back.
pub async fn finish_all(leases: &[&Lease], tx: Transaction, now: DateTime<Utc>) -> Result<Vec<Done>, JobError> {
    let mut rows = Rows::new([("job_id", "uuid"), ("job_attempt", "bigint"), ("held_state", "text")]);
    if leases.is_empty() {
        tx.rollback().await?;
        return Ok(Vec::new());
    }
    // In the same order in every group, so that two do not wait for each other for ever.
    let mut in_order = leases.to_vec();
    in_order.sort_unstable_by_key(|lease| lease.job().id);
    for lease in in_order {
        rows.push([lease.job().id.into(), lease.job().attempt.into(), JobState::Queued.into()]);
    }
    let finish = "UPDATE job SET state = {0}, finished_at = {1}, claimed_at = NULL FROM v \
        WHERE id = v.job_id AND attempt = v.job_attempt AND state = v.held_state";
    let more = vec![JobState::Done.into(), now.into()];
    let finished = tx.execute_raw(rows.statement(tx.get_database_backend(), finish, more)).await?;
    if usize::try_from(finished.rows_affected()).ok() != Some(leases.len()) {
        tx.rollback().await?;
        return Err(JobError::NotOurs);
    }
    tx.commit().await?;
    Ok(leases.iter().map(|_| Done::proven()).collect())
}
