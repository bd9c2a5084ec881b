//! What becomes of an attempt that does not succeed, with a handler that misbehaves as ours must not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Clock, JobId};
use entity::{
    Db, Transaction,
    job::{Column, Entity, Job as Row, JobState},
};
use queue::{
    CheckStripeKey, Claim, Done, EnqueueOptions, EnqueuedJob, Executor, JobError, JobHandler, Lease, claim_all,
    enqueue,
    redis::{Ack, Delivery},
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

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

async fn promised(rows: &Rows) -> EnqueuedJob {
    let job = CheckStripeKey { merchant: rows.merchant };
    enqueue(rows.db.pool(), &job, EnqueueOptions::for_merchant(rows.merchant), now()).await.unwrap().unwrap()
}

/// The notification notifies at this time, and the handler ends so: what becomes of the notification, and what the handler has seen.
async fn rung_at(rows: &Rows, at: Clock, job: JobId, how: End) -> (Ack, Vec<&'static str>) {
    let handler = Ends { how, db: rows.db.clone(), seen: Arc::default() };
    let delivery = Delivery { job: job.uuid(), lane: rows.merchant.uuid(), number: 1 };
    let ack = Executor { clock: at, ..rows.attempts() }.make(delivery, &handler).await.unwrap();
    let seen = handler.seen.lock().unwrap().clone();
    (ack, seen)
}

async fn notified(rows: &Rows, job: JobId, how: End) -> (Ack, Vec<&'static str>) {
    rung_at(rows, Clock::system(), job, how).await
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
        let job = promised(&rows).await.job;
        let (ack, seen) = notified(&rows, job, End::ByAPanic).await;
        let after = row(&rows, job).await;
        assert_eq!((ack, seen), (Ack::Later(after.run_at), vec!["run"]));
        assert!(after.run_at > now() && after.run_at <= now() + TimeDelta::seconds(1));
        assert_eq!((after.state, after.attempt, after.crashes), (JobState::Queued, 1, 0));
        assert_eq!(after.last_error.as_deref(), Some("it panicked: it slipped"));

        let (ack, _) = rung_at(&rows, Clock::stopped_at(after.run_at), job, End::Well).await;
        assert_eq!((ack, row(&rows, job).await.state), (Ack::Done, JobState::Done));
    }

    async fn retry_after_is_honoured_and_survives_the_worker(rows) {
        let job = promised(&rows).await.job;
        let (ack, _) = notified(&rows, job, End::AskedToWait(Duration::from_mins(20))).await;
        let Ack::Later(at) = ack else { panic!("{ack:?}") };
        assert!(at > now() + TimeDelta::minutes(19), "{at}");
        // Whoever notifies meanwhile, and whatever has become of the worker, the row says when.
        assert_eq!(notified(&rows, job, End::Well).await, (Ack::Later(at), vec![]));
        assert_eq!(row(&rows, job).await.run_at, at);
    }

    async fn a_job_is_given_up_past_its_deadline_and_says_why(rows) {
        let job = promised(&rows).await.job;
        let late = Clock::stopped_at(now() + TimeDelta::hours(2));
        let (ack, seen) = rung_at(&rows, late, job, End::AskedToWait(Duration::ZERO)).await;
        assert_eq!((ack, seen), (Ack::Done, vec!["run", "given up"]));
        let after = row(&rows, job).await;
        assert_eq!((after.state, after.last_error.as_deref()), (JobState::Dead, Some("not now")));
    }

    async fn a_poison_job_is_dead_after_five_crashes(rows) {
        let job = promised(&rows).await.job;
        for _ in 0..5 {
            // The worker claims it and is never heard of again.
            assert!(matches!(claim_all(rows.db.pool(), &[(job, now())]).await.unwrap().remove(0), Claim::Ours(_)));
        }
        let (ack, seen) = notified(&rows, job, End::Well).await;
        assert_eq!((ack, seen), (Ack::Done, vec!["given up"]));
        let after = row(&rows, job).await;
        assert_eq!((after.state, after.attempt, after.crashes), (JobState::Dead, 6, 5));
        assert_eq!(after.last_error.as_deref(), Some("its worker died 5 times while doing it"));
    }

    async fn a_payload_of_an_older_kind_parks_and_holds_nobody_up(rows) {
        let (old, next) = (promised(&rows).await.job, promised(&rows).await.job);
        rewrite(&rows, old, Column::Payload, r#"{"v0": 1}"#).await;

        // Nothing follows for the domain from a payload that names nothing.
        assert_eq!(notified(&rows, old, End::Well).await, (Ack::Done, vec![]));
        assert_eq!(notified(&rows, next, End::Well).await, (Ack::Done, vec!["run"]));
        let after = row(&rows, old).await;
        assert_eq!((after.state, after.attempt), (JobState::Dead, 1));
        assert!(after.last_error.unwrap().contains("merchant"));
    }

    async fn a_job_of_an_unknown_kind_waits_for_a_version_that_knows_it_and_then_parks(rows) {
        let known = promised(&rows).await.job;
        let unknown = promised(&rows).await.job;
        rewrite(&rows, unknown, Column::Kind, "send_fax").await;

        assert_eq!(queue::recovery::dead_letter_unknown_kinds(rows.db.pool(), now() + TimeDelta::minutes(59)).await.unwrap(), 0);
        assert_eq!(queue::recovery::dead_letter_unknown_kinds(rows.db.pool(), now() + TimeDelta::minutes(61)).await.unwrap(), 1);
        let after = row(&rows, unknown).await;
        assert_eq!(after.state, JobState::Dead);
        assert_eq!(after.last_error.as_deref(), Some("no version that runs here knows this kind of job"));
        assert_eq!(row(&rows, known).await.state, JobState::Queued);
    }
}
