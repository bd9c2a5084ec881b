//! Makes one attempt at a job, from claiming it to writing its end. This is the only place where timeouts, panics and
//! errors become retries.
//!
//! These are not tower layers on the apalis worker. A layer around the executor would find the row already claimed and
//! have no way to write the retry; the span needs the row's `traceparent`, and the metrics need both the row and the
//! outcome. Inside the executor, tower's `TimeoutLayer` and apalis's `CatchPanicLayer` box the handler's [`JobError`],
//! and its decision would have to be recovered by downcasting.

mod claim;
mod ending;
mod finish;
mod handler;
mod lease;
mod retry;

use std::{marker::PhantomData, panic::AssertUnwindSafe, time::Duration};

use domain::{Clock, JobId};
use entity::{Db, job::Job as Row, retry_conflicts};
use futures_util::FutureExt;
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, field::Empty, info_span};

use self::retry::MOST_CRASHES;
use crate::{
    Job, JobError, Kind, Trace,
    enqueue::merchant_of_lane,
    event_jobs,
    flow::{Pauses, Urgency},
    metrics,
    redis::{Ack, Delivery},
};

use claim::WantedJob;
pub use claim::{Claims, claim_all};
pub use finish::finish_all;
pub use handler::JobHandler;
pub use lease::{Claim, Done, Lease};
pub use retry::Policy;

/// Executes jobs of one kind.
#[derive(Debug, Clone)]
pub struct Executor<J> {
    kind: PhantomData<fn() -> J>,
    db: Db,
    clock: Clock,
    claims: Claims,
    policy: Policy,
    pauses: Pauses,
    cancellation: CancellationToken,
}

/// How the handler ended.
enum HandlerOutcome {
    /// It returned this result, or a panic or timeout was turned into one.
    Said(Result<Done, JobError>),
    /// It was cancelled because the worker is stopping.
    Cancelled,
}

impl<J: Job> Executor<J> {
    /// An executor with the kind's policy and nothing paused.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            kind: PhantomData,
            claims: Claims::new(db.clone()),
            db,
            clock,
            policy: J::POLICY,
            pauses: Pauses::default(),
            cancellation: CancellationToken::new(),
        }
    }

    /// Goes by this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Claims jobs in batches with all executors that share these claims.
    #[must_use]
    pub fn with_claims(self, claims: Claims) -> Self {
        Self { claims, ..self }
    }

    /// Ends an attempt after this time, instead of the kind's.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { policy: Policy { timeout, ..self.policy }, ..self }
    }

    /// Leaves jobs of kinds and merchants alone while they are paused.
    #[must_use]
    pub fn with_pauses(self, pauses: Pauses) -> Self {
        Self { pauses, ..self }
    }

    /// Cancels attempts in flight when this is cancelled, because the worker has to stop.
    #[must_use]
    pub fn with_cancellation(self, cancellation: CancellationToken) -> Self {
        Self { cancellation, ..self }
    }

    /// What cancels its attempts in flight.
    #[must_use]
    pub const fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Makes one attempt at a delivered job and returns the acknowledgement for Redis.
    ///
    /// # Errors
    /// Returns an error if the database is unavailable. Then the job is delivered again, and its row stays as it is.
    pub async fn execute<C: Sync>(&self, delivery: Delivery, context: &C) -> Result<Ack, DbErr>
    where
        J: JobHandler<C>,
    {
        self.attempt(delivery, context).await.inspect_err(|error| {
            entity::metrics::database_error(error);
            let job = JobId::from_uuid(delivery.job);
            tracing::error!(job.id = %job, job.kind = %J::KIND, %error, "the database did not answer");
        })
    }

    async fn attempt<C: Sync>(&self, delivery: Delivery, context: &C) -> Result<Ack, DbErr>
    where
        J: JobHandler<C>,
    {
        if self.pauses.hold(self.db.pool(), J::KIND, delivery.lane).await? {
            if J::OF_EVENT {
                let (job, merchant) = (JobId::from_uuid(delivery.job), merchant_of_lane(delivery.lane));
                event_jobs::write_one(self.db.writer(), job, merchant).await?;
            }
            return Ok(Ack::Done);
        }
        let lease = match self.claims.claim(WantedJob::of::<J>(&delivery, self.clock.now())).await? {
            Claim::Ours(lease) => lease,
            Claim::NotBefore(at) => return Ok(Ack::Later(at)),
            Claim::Over => return Ok(Ack::Done),
        };
        let (span, trace) = begin(J::KIND, lease.job());
        trace.scope(Urgency::of(&lease).scope(self.carry_out(context, &lease))).instrument(span).await
    }

    async fn carry_out<C: Sync>(&self, context: &C, lease: &Lease) -> Result<Ack, DbErr>
    where
        J: JobHandler<C>,
    {
        let mut measured = metrics::Attempt::of(J::KIND, lease.job());
        let outcome = if lease.job().crashes >= MOST_CRASHES {
            HandlerOutcome::Said(Err(JobError::fail(format!(
                "its worker died {} times while doing it",
                lease.job().crashes
            ))))
        } else {
            self.run(context, lease).await
        };
        match outcome {
            HandlerOutcome::Said(said) => {
                measured.ended(metrics::AttemptOutcome::of(&said));
                match said {
                    Ok(Done { .. }) => Ok(Ack::Done),
                    Err(error) => Box::pin(self.handle_error(context, lease, error, &mut measured)).await,
                }
            }
            HandlerOutcome::Cancelled => {
                measured.ended(metrics::AttemptOutcome::Released);
                Box::pin(self.release(lease)).await
            }
        }
    }

    /// Runs the handler, repeating it at once on a transaction conflict. A panic or a timeout becomes an ordinary
    /// retry.
    async fn run<C: Sync>(&self, context: &C, lease: &Lease) -> HandlerOutcome
    where
        J: JobHandler<C>,
    {
        let limit = self.policy.timeout;
        let run = async {
            let job = lease.payload::<J>()?;
            // Boxed, because the future is large and each layer would move it.
            retry_conflicts(|| Box::pin(job.run(context, lease)), JobError::is_conflict_of_rows).await
        };
        let run = tokio::time::timeout(limit, AssertUnwindSafe(run).catch_unwind());
        tokio::select! {
            biased;
            ended = run => HandlerOutcome::Said(match ended {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(panic)) => Err(JobError::retry(format!("it panicked: {}", panic_text(panic.as_ref())))),
                Err(_elapsed) => Err(JobError::retry(format!("it took longer than {limit:?}"))),
            }),
            () = self.cancellation.cancelled() => HandlerOutcome::Cancelled,
        }
    }
}

/// Continues the trace the job was enqueued in.
fn begin(kind: Kind, job: &Row) -> (Span, Trace) {
    let span = info_span!(
        parent: None,
        "job",
        job.id = %job.id,
        job.kind = %kind,
        merchant.id = job.merchant_id.map(tracing::field::display),
        trace_id = Empty,
        outcome = Empty,
        otel.kind = "consumer",
        otel.name = kind.as_str(),
        otel.status_code = Empty,
    );
    let trace = Trace::begin(&span, job.traceparent.as_deref().and_then(Trace::parse), job.id.uuid());
    (span, trace)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
}
