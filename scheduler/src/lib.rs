//! The scheduler: what becomes due, and when.
//!
//! A tick has a cron expression in a time zone. It enqueues jobs with deterministic keys or removes old data, so that
//! any number of schedulers have the same effect as one, and no leader is needed. Missed ticks are caught up: each
//! remembers the last due time it completed, and handles everything that is due, however old.

mod calendar;
mod jump;
mod pages;
mod schedule;
mod tick_time;
mod ticks;

use std::{collections::HashSet, future::Future, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use domain::Clock;
use entity::{DatabaseTime, Db, Documents, SKEW_LIMIT, documents::DocumentError};
use futures_util::{StreamExt, stream::FuturesUnordered};
use queue::{EnqueueOptions, EnqueuedJob, Job, Queue, redis::QueueError};
use sea_orm::DbErr;
use tokio::sync::Semaphore;

pub use calendar::{Calendar, CalendarError};
pub use jump::{JumpGuard, Witness};
pub use schedule::{TICKS, Tick, Times};
use tick_time::TickTime;

/// How often to check for due ticks.
const GRAIN: Duration = Duration::from_secs(1);

/// How many ticks run at the same time: one, and another beside one that takes long.
const AT_ONCE: usize = 2;

/// Why a tick stopped early; the next one continues.
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    /// The database failed.
    #[error("the database did not answer")]
    Db(#[from] DbErr),
    /// Redis failed.
    #[error("Redis did not answer")]
    Redis(#[from] QueueError),
    /// The document store failed.
    #[error(transparent)]
    Documents(#[from] DocumentError),
}

/// The largest difference between the clocks at which data is still erased by time.
const ERASING_SKEW: TimeDelta = TimeDelta::hours(1);

/// The scheduler and its dependencies.
#[derive(Debug, Clone)]
pub struct Scheduler {
    /// The database.
    pub db: Db,
    /// Notifies Redis of the jobs that ticks enqueue.
    pub queue: Queue,
    /// The document store with the invoices.
    pub documents: Documents,
    /// The clock.
    pub clock: Clock,
    /// The offset of this machine's clock from the database's; `None` if the caller provided the clock.
    pub time: Option<DatabaseTime>,
    /// Holds irreversible ticks when the time has jumped; `None` if the caller provided the time.
    pub jumps: Option<JumpGuard>,
    /// When each tick is due.
    pub times: Times,
    /// How long finished jobs are kept.
    pub job_retention: TimeDelta,
    /// The most links that the doctor asks Stripe about each time.
    pub doctor_links: u64,
}

impl Scheduler {
    /// Runs ticks as they become due, until `stop` resolves and those that have begun are done. One that takes long, as
    /// when the document store hangs, holds up no other.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut grain = tokio::time::interval(GRAIN);
        grain.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (turns, mut running, mut busy) = (Semaphore::new(AT_ONCE), FuturesUnordered::new(), HashSet::new());
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(name) = running.next() => {
                    busy.remove(name);
                    continue;
                }
                _ = grain.tick() => {}
            }
            for (tick, calendar) in self.times.iter() {
                if busy.insert(tick.name) {
                    running.push(self.run_in_turn(&turns, tick, calendar));
                }
            }
        }
        // Who still waits for a turn gets none.
        turns.close();
        while running.next().await.is_some() {}
    }

    /// Runs a tick when it has a turn and is due, and logs its failure. Returns its name.
    async fn run_in_turn(&self, turns: &Semaphore, tick: &Tick, calendar: &Calendar) -> &'static str {
        let Ok(_turn) = turns.acquire().await else { return tick.name };
        if let Err(error) = self.run_if_due(tick, calendar, self.clock.now()).await {
            if let SchedulerError::Db(error) = &error {
                entity::metrics::database_error(error);
            }
            tracing::error!(tick = tick.name, %error, "a tick stopped half-way and will be caught up");
        }
        tick.name
    }

    /// Runs every tick that is due at `at`.
    ///
    /// # Errors
    /// Returns the first error of a tick.
    pub async fn once(&self, at: DateTime<Utc>) -> Result<(), SchedulerError> {
        let mut outcome = Ok(());
        for (tick, calendar) in self.times.iter() {
            // One failing tick must not delay the others.
            outcome = outcome.and(self.run_if_due(tick, calendar, at).await);
        }
        outcome
    }

    /// Enqueues jobs in one transaction and notifies Redis. Returns how many were new. No one waits for what time brings.
    async fn enqueue<J: Job>(&self, jobs: Vec<(J, EnqueueOptions)>) -> Result<u64, SchedulerError> {
        let tx = self.db.begin().await?;
        let mut enqueued = Vec::new();
        for (job, options) in jobs {
            enqueued.extend(queue::enqueue(&tx, &job, options.in_background(), self.clock.now()).await?);
        }
        tx.commit().await?;
        self.notify(&enqueued).await;
        Ok(enqueued.len() as u64)
    }

    /// Notifies Redis of jobs. After a failure a later tick does it.
    async fn notify(&self, enqueued: &[EnqueuedJob]) {
        if let Err(error) = self.queue.notify_now(enqueued).await {
            tracing::warn!(jobs = enqueued.len(), %error, "Redis was not notified; a later tick will try again");
        }
    }

    /// The last due time that a tick completed. A mark in the future was left while a clock was wrong; the tick would
    /// not run until then, so the mark is removed.
    async fn last_due(&self, tick: &Tick) -> Result<Option<DateTime<Utc>>, SchedulerError> {
        let Some(mark) = entity::tick::last_due(self.db.pool(), tick.name).await? else { return Ok(None) };
        if mark - self.clock.now() <= SKEW_LIMIT {
            return Ok(Some(mark));
        }
        if entity::tick::take_back(self.db.pool(), tick.name, mark).await? {
            tracing::warn!(tick = tick.name, %mark, "a tick was marked as done at a time that has not come; it runs now");
        }
        Ok(None)
    }

    async fn run_if_due(&self, tick: &Tick, calendar: &Calendar, at: DateTime<Utc>) -> Result<(), SchedulerError> {
        let Some(due) = calendar.latest(at) else { return Ok(()) };
        let last = self.last_due(tick).await?;
        if last.is_some_and(|last| last >= due) {
            self.clear_hold(tick);
            return Ok(());
        }
        if tick.erases && self.time.as_ref().is_some_and(|time| time.skew().abs() > ERASING_SKEW) {
            tracing::debug!(tick = tick.name, "not run: the clocks here and at the database disagree");
            return Ok(());
        }
        if self.is_held(tick, last.map_or(TimeDelta::zero(), |last| calendar.late_by(last, at)), at).await {
            return Ok(());
        }
        let found = (tick.run)(self, TickTime { at, due }).await?;
        if found > 0 {
            tracing::info!(tick = tick.name, %due, found, "tick");
        }
        // A run for a future time must not keep the present from being caught up.
        if due <= self.clock.now() {
            entity::tick::done(self.db.pool(), tick.name, due).await?;
        }
        self.clear_hold(tick);
        Ok(())
    }

    /// Whether an irreversible tick is held because the time has jumped and no other clock confirms it.
    async fn is_held(&self, tick: &Tick, late: TimeDelta, at: DateTime<Utc>) -> bool {
        let Some(jumps) = self.jumps.as_ref().filter(|_| tick.waits) else { return false };
        let is_held = jumps.holds(tick.name, late, at).await;
        self.tell_doubts(jumps);
        is_held
    }

    fn clear_hold(&self, tick: &Tick) {
        if let Some(jumps) = self.jumps.as_ref().filter(|_| tick.waits) {
            jumps.clear(tick.name);
            self.tell_doubts(jumps);
        }
    }

    fn tell_doubts(&self, jumps: &JumpGuard) {
        if let Some(time) = &self.time {
            time.doubt(jumps.is_holding());
        }
    }
}
