//! Jobs of received events, which have no row until there is something to remember about them.

mod claimed;
mod waiting;

use std::{sync::Mutex, time::Duration};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::{Clock, JobId, WebhookEventId};
use entity::{
    Db, Transaction,
    job::{Entity, Job as Row, JobState},
    list::Looks,
    pause, tick,
    webhook_event::{self, Conclusion, EventState, NewEvent, Source, WebhookEventSearch},
};
use queue::{
    Done, Executor, JobError, JobHandler, Kind, Lease, ProcessStripeEvent,
    admin::{DeadJobAction, DeadJobChange, JobFilter},
    event_jobs,
    flow::{Paused, Pauses},
    redis::{Ack, Delivery},
};
use sea_orm::{DbErr, EntityTrait};
use tokio::sync::Barrier;

use super::{Rows, now, on_both_databases};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// How a handler ends.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Well,
    Retried,
    Failed,
    Never,
}

/// A handler that applies an event.
struct Applies {
    db: Db,
    how: Ending,
    others: Barrier,
    /// Which attempt it was, and how many crashes were before it.
    seen: Mutex<Vec<(i64, i64)>>,
}

impl Applies {
    fn how(rows: &Rows, how: Ending) -> Self {
        Self::with_others(rows, how, 0)
    }

    fn with_others(rows: &Rows, how: Ending, others: usize) -> Self {
        Self { db: rows.db.clone(), how, others: Barrier::new(others + 1), seen: Mutex::default() }
    }

    /// Makes the attempt that this delivery asks for, as a process of its own would.
    async fn makes(&self, rows: &Rows, job: JobId, number: u32) -> Ack {
        let executor = Executor::<ProcessStripeEvent>::new(rows.db.clone(), Clock::system());
        executor.execute(delivery(rows, job, number), self).await.unwrap()
    }

    fn seen(&self) -> Vec<(i64, i64)> {
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
            return lease.finish_applied(tx, &told.db, now()).await;
        }
        lease.finish(tx, now()).await
    }

    async fn dead_letter(&self, _: &Applies, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        webhook_event::conclude(tx, &[conclusion(self, EventState::Failed, false)], now).await.map(|_| ())
    }
}

fn conclusion(job: &ProcessStripeEvent, state: EventState, is_first: bool) -> Conclusion {
    Conclusion { merchant: job.merchant, event: job.event, state, link: None, error: None, is_first }
}

fn delivery(rows: &Rows, job: JobId, number: u32) -> Delivery {
    Delivery { job: job.uuid(), lane: rows.merchant.uuid(), number }
}

/// Stores an event that came at this time; answers the id of its job.
async fn received_at(rows: &Rows, at: DateTime<Utc>) -> JobId {
    let id = WebhookEventId::new(at);
    let event = NewEvent {
        id,
        merchant_id: rows.merchant,
        source: Source::Stripe,
        external_id: id.to_string(),
        kind: "checkout.session.completed".to_owned(),
        payload: "{}".to_owned(),
        traceparent: Some(TRACE.to_owned()),
    };
    webhook_event::store(rows.db.writer(), [&event], at).await.unwrap();
    event_jobs::enqueued(id, rows.merchant, Source::Stripe, at).job
}

async fn received(rows: &Rows) -> JobId {
    received_at(rows, now()).await
}

async fn row(rows: &Rows, job: JobId) -> Option<Row> {
    Entity::find_by_id(job).one(rows.db.pool()).await.unwrap()
}

async fn state(rows: &Rows, job: JobId) -> EventState {
    let event = WebhookEventId::from_uuid(job.uuid());
    webhook_event::find(rows.db.pool(), rows.merchant, event).await.unwrap().unwrap().state
}

/// As if the rows of those that have waited for long had never been written.
async fn forget_the_tick(rows: &Rows) {
    let mark = tick::last_due(rows.db.pool(), event_jobs::TICK).await.unwrap().unwrap();
    assert!(tick::take_back(rows.db.writer(), event_jobs::TICK, mark).await.unwrap());
}
