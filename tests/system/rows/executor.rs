//! What happens to a failed attempt, with a handler that misbehaves as ours must not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Clock, JobId, WebhookEventId};
use entity::{
    Db, Transaction,
    job::{Column, Entity, Job as Row, JobState},
};
use queue::{
    CheckStripeKey, Claim, Done, EnqueueOptions, EnqueuedJob, Executor, JobError, JobHandler, Lease, ProcessSmsEvent,
    claim_all, enqueue,
    redis::{Ack, Delivery},
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use tokio::sync::Barrier;

use super::{Rows, now, on_both_databases};

/// How a handler ends.
#[derive(Clone, Copy)]
enum End {
    Well,
    ByAPanic,
    AskedToWait(Duration),
}

/// How a handler is to end, and what it has seen.
struct Ends {
    how: End,
    db: Db,
    seen: Arc<Mutex<Vec<&'static str>>>,
}

impl JobHandler<Ends> for CheckStripeKey {
    async fn run(&self, told: &Ends, lease: &Lease) -> Result<Done, JobError> {
        told.seen.lock().unwrap().push("run");
        match told.how {
            End::Well => lease.finish(told.db.begin().await?, now()).await,
            End::ByAPanic => panic!("it slipped"),
            End::AskedToWait(wait) => Err(JobError::retry_after("not now", wait)),
        }
    }

    async fn dead_letter(&self, told: &Ends, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        told.seen.lock().unwrap().push("given up");
        Ok(())
    }
}

/// A handler of jobs that are all in the database, which waits for another like it before it ends.
struct Meets {
    db: Db,
    other: Barrier,
    /// Which attempt it was, and how many crashes were before it.
    seen: Mutex<Vec<(i64, i64)>>,
}

impl Meets {
    fn others(rows: &Rows, others: usize) -> Self {
        Self { db: rows.db.clone(), other: Barrier::new(others + 1), seen: Mutex::default() }
    }

    /// Makes the attempt that this delivery asks for, as a process of its own would.
    async fn makes(&self, rows: &Rows, job: JobId, number: u32) -> Ack {
        let delivery = Delivery { job: job.uuid(), lane: rows.merchant.uuid(), number };
        Executor::<ProcessSmsEvent>::new(rows.db.clone(), Clock::system()).execute(delivery, self).await.unwrap()
    }

    fn seen(&self) -> Vec<(i64, i64)> {
        self.seen.lock().unwrap().clone()
    }
}

impl JobHandler<Meets> for ProcessSmsEvent {
    async fn run(&self, told: &Meets, lease: &Lease) -> Result<Done, JobError> {
        told.seen.lock().unwrap().push((lease.job().claims, lease.job().crashes));
        told.other.wait().await;
        let tx = told.db.begin().await?;
        let before = entity::merchant::find(&tx, self.merchant).await?.and_then(|merchant| merchant.message_template);
        let effect = format!("{{{{link}}}}{}", before.unwrap_or_default());
        entity::merchant::set_template(&tx, self.merchant, Some(&effect)).await?;
        lease.finish(tx, now()).await
    }

    async fn dead_letter(&self, _: &Meets, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

async fn received(rows: &Rows) -> JobId {
    let job = ProcessSmsEvent { merchant: rows.merchant, event: WebhookEventId::new(now()) };
    let enqueued = enqueue(rows.db.pool(), &job, EnqueueOptions::for_merchant(rows.merchant), now()).await.unwrap();
    enqueued.unwrap().job
}

async fn a_job(rows: &Rows) -> EnqueuedJob {
    let job = CheckStripeKey { merchant: rows.merchant };
    enqueue(rows.db.pool(), &job, EnqueueOptions::for_merchant(rows.merchant), now()).await.unwrap().unwrap()
}

/// Redis notifies at this time, and the handler ends so: what becomes of the notification, and what the handler has
/// seen.
async fn notified_at(rows: &Rows, at: Clock, job: JobId, how: End) -> (Ack, Vec<&'static str>) {
    let handler = Ends { how, db: rows.db.clone(), seen: Arc::default() };
    let delivery = Delivery { job: job.uuid(), lane: rows.merchant.uuid(), number: 1 };
    let ack = rows.attempts().with_clock(at).execute(delivery, &handler).await.unwrap();
    let seen = handler.seen.lock().unwrap().clone();
    (ack, seen)
}

async fn notified(rows: &Rows, job: JobId, how: End) -> (Ack, Vec<&'static str>) {
    notified_at(rows, Clock::system(), job, how).await
}

async fn row(rows: &Rows, job: JobId) -> Row {
    queue::admin::find(rows.db.pool(), job).await.unwrap().unwrap()
}

/// As another version would have written it.
async fn rewrite(rows: &Rows, job: JobId, column: Column, text: &str) {
    let rewritten = Entity::update_many().col_expr(column, Expr::value(text)).filter(Column::Id.eq(job));
    assert_eq!(rewritten.exec(rows.db.pool()).await.unwrap().rows_affected, 1);
}

on_both_databases! {
    async fn a_panic_is_a_retry_like_any_other(rows) {
        let (job, before) = (a_job(&rows).await.job, now());
        let (ack, seen) = notified(&rows, job, End::ByAPanic).await;
        let after = row(&rows, job).await;
        assert_eq!((ack, seen), (Ack::Later(after.run_at), vec!["run"]));
        assert!(after.run_at > before && after.run_at <= now() + TimeDelta::seconds(1));
        assert_eq!((after.state, after.claims, after.crashes), (JobState::Queued, 1, 0));
        assert_eq!(after.last_error.as_deref(), Some("it panicked: it slipped"));

        let (ack, _) = notified_at(&rows, Clock::stopped_at(after.run_at), job, End::Well).await;
        assert_eq!((ack, row(&rows, job).await.state), (Ack::Done, JobState::Done));
    }

    async fn retry_after_is_honoured_and_survives_the_worker(rows) {
        let job = a_job(&rows).await.job;
        let (ack, _) = notified(&rows, job, End::AskedToWait(Duration::from_mins(20))).await;
        let Ack::Later(at) = ack else { panic!("{ack:?}") };
        assert!(at > now() + TimeDelta::minutes(19), "{at}");
        // Whoever notifies meanwhile, and whatever has become of the worker, the row says when.
        assert_eq!(notified(&rows, job, End::Well).await, (Ack::Later(at), vec![]));
        assert_eq!(row(&rows, job).await.run_at, at);
    }

    async fn a_job_is_given_up_past_its_deadline_and_says_why(rows) {
        let job = a_job(&rows).await.job;
        let late = Clock::stopped_at(now() + TimeDelta::hours(2));
        let (ack, seen) = notified_at(&rows, late, job, End::AskedToWait(Duration::ZERO)).await;
        assert_eq!((ack, seen), (Ack::Done, vec!["run", "given up"]));
        let after = row(&rows, job).await;
        assert_eq!((after.state, after.last_error.as_deref()), (JobState::Dead, Some("not now")));
    }

    async fn after_a_restoration_a_job_has_all_of_its_time_again(rows) {
        let (job, at) = (a_job(&rows).await.job, now() + TimeDelta::hours(2));
        entity::job::begin_anew(rows.db.pool(), None, at).await.unwrap();
        let (ack, _) = notified_at(&rows, Clock::stopped_at(at), job, End::AskedToWait(Duration::ZERO)).await;
        assert!(matches!(ack, Ack::Later(_)), "it is given up: {ack:?}");
        assert_eq!(row(&rows, job).await.state, JobState::Queued);
    }

    async fn a_poison_job_is_dead_after_five_crashes(rows) {
        let job = a_job(&rows).await.job;
        for _ in 0..5 {
            // The worker claims it and is never heard of again.
            assert!(matches!(claim_all(rows.db.pool(), &[(job, now())]).await.unwrap().remove(0), Claim::Ours(_)));
        }
        let (ack, seen) = notified(&rows, job, End::Well).await;
        assert_eq!((ack, seen), (Ack::Done, vec!["given up"]));
        let after = row(&rows, job).await;
        assert_eq!((after.state, after.claims, after.crashes), (JobState::Dead, 6, 5));
        assert_eq!(after.last_error.as_deref(), Some("its worker died 5 times while doing it"));
    }

    async fn a_payload_of_an_older_kind_parks_and_holds_nobody_up(rows) {
        let (old, next) = (a_job(&rows).await.job, a_job(&rows).await.job);
        rewrite(&rows, old, Column::Payload, r#"{"v0": 1}"#).await;

        // Nothing follows for the domain from a payload that names nothing.
        assert_eq!(notified(&rows, old, End::Well).await, (Ack::Done, vec![]));
        assert_eq!(notified(&rows, next, End::Well).await, (Ack::Done, vec!["run"]));
        let after = row(&rows, old).await;
        assert_eq!((after.state, after.claims), (JobState::Dead, 1));
        assert!(after.last_error.unwrap().contains("merchant"));
    }

    async fn a_job_of_an_unknown_kind_waits_for_a_version_that_knows_it_and_then_parks(rows) {
        let known = a_job(&rows).await.job;
        let unknown = a_job(&rows).await.job;
        rewrite(&rows, unknown, Column::Kind, "send_fax").await;

        assert_eq!(queue::recovery::dead_letter_unknown_kinds(rows.db.pool(), now() + TimeDelta::minutes(59)).await.unwrap(), 0);
        assert_eq!(queue::recovery::dead_letter_unknown_kinds(rows.db.pool(), now() + TimeDelta::minutes(61)).await.unwrap(), 1);
        let after = row(&rows, unknown).await;
        assert_eq!(after.state, JobState::Dead);
        assert_eq!(after.last_error.as_deref(), Some("no version that runs here knows this kind of job"));
        assert_eq!(row(&rows, known).await.state, JobState::Queued);
    }

    async fn a_job_that_is_all_in_the_database_leaves_no_row_and_is_done_once(rows) {
        let (job, handler) = (received(&rows).await, Meets::others(&rows, 0));
        assert_eq!(handler.makes(&rows, job, 1).await, Ack::Done);
        assert_eq!(queue::admin::find(rows.db.pool(), job).await.unwrap(), None);
        // A notification that was late.
        assert_eq!(handler.makes(&rows, job, 1).await, Ack::Done);
        assert_eq!(handler.seen(), [(1, 0)]);
    }

    async fn of_two_that_make_the_first_attempt_at_once_one_has_an_effect(rows) {
        let (job, handler) = (received(&rows).await, Meets::others(&rows, 1));
        let acks = futures_util::future::join(handler.makes(&rows, job, 1), handler.makes(&rows, job, 1)).await;
        assert_eq!(acks, (Ack::Done, Ack::Done));
        assert_eq!(handler.seen(), [(1, 0), (1, 0)]);
        assert_eq!(rows.merchant().await.message_template.as_deref(), Some("{{link}}"));
    }

    async fn a_first_attempt_that_never_reported_counts_as_a_crash(rows) {
        let (job, handler) = (received(&rows).await, Meets::others(&rows, 1));
        // It is ended in the middle, and nothing of it was written.
        let cut_off = tokio::time::timeout(Duration::from_millis(200), handler.makes(&rows, job, 1)).await;
        assert!(cut_off.is_err());
        let before = row(&rows, job).await;
        assert_eq!((before.claims, before.crashes, before.claimed_at), (0, 0, None));

        let next = Meets::others(&rows, 0);
        assert_eq!(next.makes(&rows, job, 2).await, Ack::Done);
        assert_eq!(next.seen(), [(2, 1)]);
    }

    async fn a_first_attempt_that_fails_is_counted_by_its_end(rows) {
        let job = received(&rows).await;
        rewrite(&rows, job, Column::Payload, r#"{"v0": 1}"#).await;
        assert_eq!(Meets::others(&rows, 0).makes(&rows, job, 1).await, Ack::Done);
        let after = row(&rows, job).await;
        assert_eq!((after.state, after.claims, after.crashes), (JobState::Dead, 1, 0));
    }
}
