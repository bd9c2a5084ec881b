//! A handler that applies an event, and ends as it is told.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use domain::{Clock, JobId};
use entity::{
    Db, Transaction,
    webhook_event::{self, Conclusion, EventState},
};
use queue::{
    Done, Executor, JobError, JobHandler, Lease, ProcessStripeEvent,
    redis::{Ack, Delivery},
};
use sea_orm::DbErr;
use tokio::sync::Barrier;

use super::{Rows, now};

/// How a handler ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ending {
    Well,
    Retried,
    Failed,
    Never,
}

/// A handler that applies an event.
pub(super) struct Applies {
    db: Db,
    how: Ending,
    pub(super) others: Barrier,
    /// Which attempt it was, and how many crashes were before it.
    seen: Mutex<Vec<(i64, i64)>>,
}

impl Applies {
    pub(super) fn how(rows: &Rows, how: Ending) -> Self {
        Self::with_others(rows, how, 0)
    }

    pub(super) fn with_others(rows: &Rows, how: Ending, others: usize) -> Self {
        Self { db: rows.db.clone(), how, others: Barrier::new(others + 1), seen: Mutex::default() }
    }

    /// Makes the attempt that this delivery asks for, as a process of its own would.
    pub(super) async fn makes(&self, rows: &Rows, job: JobId, number: u32) -> Ack {
        let executor = Executor::<ProcessStripeEvent>::new(rows.db.clone(), Clock::system());
        executor.execute(delivery(rows, job, number), self).await.unwrap()
    }

    pub(super) fn seen(&self) -> Vec<(i64, i64)> {
        self.seen.lock().unwrap().clone()
    }
}

impl JobHandler<Applies> for ProcessStripeEvent {
    async fn run(&self, told: &Applies, lease: &Lease) -> Result<Done, JobError> {
        told.seen.lock().unwrap().push((lease.job().claims, lease.job().crashes));
        told.others.wait().await;
        match told.how {
            Ending::Well => {}
            Ending::Retried => return Err(JobError::retry("Stripe is away")),
            Ending::Failed => return Err(JobError::fail("it is none")),
            Ending::Never => std::future::pending().await,
        }
        let tx = told.db.begin().await?;
        let before = entity::merchant::find(&tx, self.merchant).await?.and_then(|merchant| merchant.message_template);
        let effect = format!("{{{{link}}}}{}", before.unwrap_or_default());
        entity::merchant::set_template(&tx, self.merchant, Some(&effect)).await?;
        let concluded = conclusion(self, EventState::Applied, !lease.has_row());
        if webhook_event::conclude(&tx, &[concluded], now()).await?.is_err() {
            return Err(JobError::NotOurs);
        }
        lease.finish(tx, now()).await
    }

    async fn dead_letter(&self, _: &Applies, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        webhook_event::conclude(tx, &[conclusion(self, EventState::Failed, false)], now).await.map(|_| ())
    }
}

pub(super) fn conclusion(job: &ProcessStripeEvent, state: EventState, is_first: bool) -> Conclusion {
    Conclusion { merchant: job.merchant, event: job.event, state, link: None, error: None, is_first }
}

pub(super) fn delivery(rows: &Rows, job: JobId, number: u32) -> Delivery {
    Delivery { job: job.uuid(), lane: rows.merchant.uuid(), number }
}
