//! Commands on a batch that was checked: start, pause, resume, cancel.

use chrono::{DateTime, Utc};
use domain::BatchId;
use entity::{
    AuditAction, Batch, Transaction,
    batch::{self, BatchState},
};
use poem::http::StatusCode;
use queue::{EnqueueOptions, EnqueuedJob, RunBatch, enqueue};
use sea_orm::DbErr;

use super::BatchView;
use crate::{
    Api, Problem,
    auth::Principal,
    http::paging::id,
    v1::{
        command::{Accepted, Answered, fingerprint},
        link_creation::ready_owner,
    },
};

/// The approximate size of a details page in the store.
const BYTES_OF_A_PAGE: u64 = 40 * 1024;

pub(super) async fn accept_start(
    api: &Api,
    key: &Principal,
    batch_id: &str,
    now: DateTime<Utc>,
) -> Result<Accepted<BatchView>, Problem> {
    let tx = api.db.begin().await?;
    let batch = find_in(&tx, key, batch_id).await?;
    match batch.state {
        BatchState::Ready => {}
        BatchState::Running | BatchState::Paused | BatchState::Done => return answer(tx, key, batch_id, None).await,
        BatchState::Cancelled => return Err(Problem::conflict("batch_cancelled", "The batch was cancelled.")),
    }
    let owner = ready_owner(&tx, key.merchant).await?;
    let counts = batch::count(&tx, batch.id).await?;
    if counts.credits > owner.available {
        let detail = format!("The batch costs {} credits and {} are available.", counts.credits, owner.available);
        return Err(Problem::new(StatusCode::PAYMENT_REQUIRED, "insufficient_credits", detail));
    }
    let room = u64::try_from(counts.ready).unwrap_or_default() * BYTES_OF_A_PAGE;
    api.quotas.check_room(&tx, owner.id, room).await?;
    for _ in 0..counts.texts {
        api.quotas.count_text(&tx, owner.id, now).await?;
    }
    if !batch::start(&tx, &batch, now).await? {
        tx.rollback().await?;
        return Err(Problem::conflict("batch_started", "Somebody else has just started or cancelled the batch."));
    }
    tx.done(key.did(AuditAction::BatchStart, &batch.id), now);
    let enqueued_job = enqueue_run(&tx, &batch, now).await?;
    answer(tx, key, batch_id, enqueued_job).await
}

/// A command on a started batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Pause,
    Resume,
    Cancel,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
        }
    }

    fn audited(self) -> AuditAction {
        match self {
            Self::Pause => AuditAction::BatchPause,
            Self::Resume => AuditAction::BatchResume,
            Self::Cancel => AuditAction::BatchCancel,
        }
    }

    /// The state it leads to, and the error if the batch is in a state that allows neither.
    fn leads_to(self) -> (BatchState, Problem) {
        match self {
            Self::Pause => (BatchState::Paused, Problem::conflict("batch_not_running", "The batch is not under way.")),
            Self::Resume => (BatchState::Running, Problem::conflict("batch_not_paused", "The batch is not paused.")),
            Self::Cancel => (BatchState::Cancelled, Problem::conflict("batch_done", "The batch is done already.")),
        }
    }
}

pub(super) async fn take_step(
    api: &Api,
    key: &Principal,
    batch_id: &str,
    idempotency_key: Option<String>,
    step: Step,
) -> Result<Answered<BatchView>, Problem> {
    let fingerprint = fingerprint(&format!("POST {} {batch_id}", step.name()), &[]);
    api.command(key.merchant, idempotency_key, fingerprint, |now| accept_step(api, key, batch_id, step, now)).await
}

async fn accept_step(
    api: &Api,
    key: &Principal,
    batch_id: &str,
    step: Step,
    now: DateTime<Utc>,
) -> Result<Accepted<BatchView>, Problem> {
    let tx = api.db.begin().await?;
    let batch = find_in(&tx, key, batch_id).await?;
    let is_taken = match step {
        Step::Pause => batch::pause(&tx, &batch).await?,
        Step::Resume => batch::resume(&tx, &batch).await?,
        Step::Cancel => batch::end(&tx, &batch, BatchState::Cancelled, now).await?,
    };
    if !is_taken {
        let (there, refusal) = step.leads_to();
        return if batch.state == there { answer(tx, key, batch_id, None).await } else { Err(refusal) };
    }
    tx.done(key.did(step.audited(), &batch.id), now);
    let enqueued_job = match step {
        Step::Resume => enqueue_run(&tx, &batch, now).await?,
        Step::Pause | Step::Cancel => None,
    };
    answer(tx, key, batch_id, enqueued_job).await
}

async fn enqueue_run(tx: &Transaction, batch: &Batch, now: DateTime<Utc>) -> Result<Option<EnqueuedJob>, DbErr> {
    let job = RunBatch { merchant: batch.merchant_id, batch: batch.id };
    enqueue(tx, &job, EnqueueOptions::for_merchant(batch.merchant_id), now).await
}

async fn find_in(tx: &Transaction, key: &Principal, batch_id: &str) -> Result<Batch, Problem> {
    batch::find(tx, key.merchant, id(batch_id)?).await?.ok_or_else(Problem::not_found)
}

/// The answer to a command on a batch: its current state.
async fn answer(
    tx: Transaction,
    key: &Principal,
    batch_id: &str,
    enqueued_job: Option<EnqueuedJob>,
) -> Result<Accepted<BatchView>, Problem> {
    let batch = find_in(&tx, key, batch_id).await?;
    let (id, counts) = (batch.id, batch::count(&tx, batch.id).await?);
    Ok(accepted(tx, id, BatchView::of(batch, counts)?, enqueued_job))
}

pub(super) fn accepted(
    tx: Transaction,
    id: BatchId,
    view: BatchView,
    enqueued_job: Option<EnqueuedJob>,
) -> Accepted<BatchView> {
    Accepted { tx, location: format!("/v1/batches/{id}"), view, enqueued: enqueued_job.into_iter().collect() }
}
