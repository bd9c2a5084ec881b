//! Watches the rows and Redis during the run for forgotten jobs.
//!
//! The auditor comes at the end, when such a job is one of many unfinished ones. Here it is reported while it is stuck,
//! with the reason: Redis does not know it although it is due, so no worker will get it; or Redis knows it, and no
//! worker has taken it.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::JobId;
use entity::{
    Db,
    job::{Column, Entity, Job, JobState},
    webhook_event::{self, PendingEvent, Source},
};
use queue::Kind;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::{sync::watch, task::JoinHandle};

use super::{auditor::open, cluster::Cluster};

/// How late a job is before the scheduler has to see to it, as `queue::recovery` and `queue::event_jobs` have it.
const OVERDUE: TimeDelta = TimeDelta::seconds(10);
/// How long an overdue job may be unknown to Redis. The scheduler looks every five seconds, and is harmed as all others
/// are.
const UNKNOWN: Duration = Duration::from_secs(45);
/// How long one that Redis knows may lie without a claim: longer than it is harmed in one go, and than any attempt of a
/// test takes.
const UNTOUCHED: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(500);
/// A look that took longer than this met somebody who did not answer: that time counts for nobody.
const LONG: Duration = Duration::from_secs(3);

/// Watches until it is told to stop.
pub(super) struct Watch {
    over: watch::Sender<bool>,
    looking: JoinHandle<()>,
}

impl Watch {
    /// Begins to look at the jobs of this cluster.
    pub(super) async fn begin(cluster: &Cluster) -> Self {
        let mut eyes = Eyes {
            db: open(&cluster.database).await,
            redis: cluster.redis.port,
            last: Instant::now(),
            overdue: BTreeMap::new(),
        };
        let over = watch::Sender::new(false);
        let is_over = over.subscribe();
        let looking = tokio::spawn(async move {
            while !*is_over.borrow() {
                tokio::time::sleep(PAUSE).await;
                eyes.look().await;
            }
        });
        Self { over, looking }
    }

    /// Fails as soon as a job lies forgotten.
    pub(super) fn has_found_nothing(&self) {
        assert!(!self.looking.is_finished(), "a job lies forgotten: see above");
    }

    /// Does this meanwhile, and does not wait for its end once a job lies forgotten.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            ended = &mut self.looking => panic!("a job lies forgotten: {ended:?}"),
        }
    }

    /// What it finds, in its own words.
    pub(super) async fn finds(self) -> String {
        let found = tokio::time::timeout(2 * UNTOUCHED, self.looking).await.expect("it finds something in time");
        let said = found.expect_err("it has found something").into_panic();
        said.downcast::<String>().map(|said| *said).unwrap_or_default()
    }

    /// Looks no more.
    pub(super) async fn end(self) {
        self.over.send_replace(true);
        self.looking.await.expect("no job lies forgotten");
    }
}

struct Eyes {
    db: Db,
    /// The port of Redis.
    redis: u16,
    /// When both had answered last.
    last: Instant,
    overdue: BTreeMap<JobId, Overdue>,
}

/// A job that should have been claimed.
struct Overdue {
    /// The columns that a claim or a reschedule would change.
    claims: i64,
    run_at: DateTime<Utc>,
    /// For how long it has lain so, and for how long Redis did not know it.
    untouched: Duration,
    unknown: Duration,
}

impl Eyes {
    async fn look(&mut self) {
        let Some((jobs, known)) = self.see().await else { return };
        let since = self.last.elapsed();
        self.last = Instant::now();
        let since = if since > LONG { Duration::ZERO } else { since };
        let mut before = std::mem::take(&mut self.overdue);
        for job in jobs {
            let known = known.contains(&job.id);
            let seen = before.remove(&job.id).filter(|seen| (seen.claims, seen.run_at) == (job.claims, job.run_at));
            let (claims, run_at) = (job.claims, job.run_at);
            let first = Overdue { claims, run_at, untouched: Duration::ZERO, unknown: Duration::ZERO };
            let overdue = seen.map_or(first, |seen| Overdue {
                untouched: seen.untouched + since,
                unknown: if known { Duration::ZERO } else { seen.unknown + since },
                ..seen
            });
            assert!(overdue.unknown < UNKNOWN, "due for {:?}, and Redis does not know it: {job:?}", overdue.unknown);
            assert!(overdue.untouched < UNTOUCHED, "due for {:?}, and nobody took it: {job:?}", overdue.untouched);
            self.overdue.insert(job.id, overdue);
        }
    }

    /// The overdue jobs, and those of them that Redis knows. `None` without an answer.
    async fn see(&self) -> Option<(Vec<Late>, BTreeSet<JobId>)> {
        let until = Utc::now() - OVERDUE;
        let queued = Entity::find().filter(Column::State.eq(JobState::Queued));
        let rows = queued.filter(Column::RunAt.lte(until)).all(self.db.pool()).await.ok()?;
        let span = (until - TimeDelta::hours(1), until);
        // Events that have waited for so long and have no row yet; with one, the row says more.
        let events = webhook_event::pending_since(self.db.pool(), span, None, 1_000).await.ok()?;
        let of_rows: BTreeSet<JobId> = rows.iter().map(|row| row.id).collect();
        let events = events.into_iter().map(Late::from).filter(|late| !of_rows.contains(&late.id));
        let jobs: Vec<Late> = events.chain(rows.into_iter().map(Late::from)).collect();
        let kinds: BTreeSet<String> = jobs.iter().map(|job| job.kind.clone()).collect();
        let redis = self.redis;
        // A frozen Redis blocks its callers.
        let ids = tokio::task::spawn_blocking(move || ids_of(redis, &kinds)).await.ok()??;
        let known = jobs.iter().map(|job| job.id).filter(|id| ids.contains(&id.uuid().to_string())).collect();
        Some((jobs, known))
    }
}

/// A job that is due, by its row or by the event that stands for it.
#[derive(Debug)]
struct Late {
    id: JobId,
    kind: String,
    claims: i64,
    run_at: DateTime<Utc>,
    #[expect(dead_code, reason = "it is printed")]
    last_error: Option<String>,
}

impl From<Job> for Late {
    fn from(row: Job) -> Self {
        Self { id: row.id, kind: row.kind, claims: row.claims, run_at: row.run_at, last_error: row.last_error }
    }
}

impl From<PendingEvent> for Late {
    fn from(event: PendingEvent) -> Self {
        let kind = match event.source {
            Source::Stripe => Kind::ProcessStripeEvent,
            Source::Sms => Kind::ProcessSmsEvent,
        };
        let (id, run_at) = (JobId::from_uuid(event.id.uuid()), event.received_at);
        Self { id, kind: kind.to_string(), claims: 0, run_at, last_error: None }
    }
}

/// The ids of all jobs of these kinds that Redis knows. Nothing if it does not answer.
fn ids_of(redis: u16, kinds: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for kind in kinds {
        let (port, key) = (redis.to_string(), format!("paylink:{{{kind}}}:jobs"));
        let output = Command::new("redis-cli").args(["-p", &port, "HKEYS", &key]).output().ok()?;
        let said = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        for line in said.lines().filter(|line| !line.is_empty()) {
            // A job and its lane; what else it says is why it does not answer.
            ids.insert(line.split_once(':').filter(|(job, lane)| job.len() == lane.len())?.0.to_owned());
        }
    }
    Some(ids)
}
