//! What happens to a job's row when an attempt ends, in every way.

use std::time::Duration;

use chrono::TimeDelta;
use entity::{
    Transaction,
    audit::OPERATOR,
    job::{Job, JobState},
    merchant,
};
use queue::{
    CheckStripeKey, Done, EnqueueOptions, EnqueuedJob, Executor, JobError, JobHandler, Kind, Lease,
    admin::{ChangedJob, DeadJobAction, DeadJobChange},
    enqueue,
    flow::{Paused, Pauses},
    redis::{Ack, Delivery},
};
use sea_orm::{ConnectionTrait, DbErr};

use super::{Clock, DateTime, Db, Rows, Utc, now, on_both_databases};
use crate::support::{eventually, new_merchant};

/// A job that does as it is told.
enum Does {
    Finishes(Db),
    Panics,
    NeverReturns,
    Says(fn() -> JobError),
    Runs(Db, &'static str),
}

impl JobHandler<Does> for CheckStripeKey {
    async fn run(&self, told: &Does, lease: &Lease) -> Result<Done, JobError> {
        match told {
            Does::Finishes(db) => lease.finish(db.begin().await?, now()).await,
            Does::Panics => panic!("it slipped"),
            Does::NeverReturns => std::future::pending().await,
            Does::Says(error) => Err(error()),
            Does::Runs(db, statement) => {
                let tx = db.begin().await?;
                tx.execute_unprepared(statement).await?;
                lease.finish(tx, now()).await
            }
        }
    }

    async fn dead_letter(&self, _: &Does, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

impl Rows {
    /// How attempts are made at the jobs of these tests.
    pub(super) fn attempts(&self) -> Executor<CheckStripeKey> {
        Executor::new(self.db.clone(), Clock::system())
    }

    fn attempts_at(&self, at: DateTime<Utc>) -> Executor<CheckStripeKey> {
        self.attempts().with_clock(Clock::stopped_at(at))
    }

    async fn enqueued(&self) -> EnqueuedJob {
        let job = CheckStripeKey { merchant: self.merchant };
        enqueue(self.db.pool(), &job, EnqueueOptions::for_merchant(self.merchant), now()).await.unwrap().unwrap()
    }

    async fn enqueued_for_another_merchant(&self) -> EnqueuedJob {
        let merchant = merchant::insert(self.db.pool(), new_merchant(), now()).await.unwrap().id;
        let job = CheckStripeKey { merchant };
        enqueue(self.db.pool(), &job, EnqueueOptions::for_merchant(merchant), now()).await.unwrap().unwrap()
    }

    /// The jobs of this one that the operator's action has changed.
    async fn changed(&self, enqueued_job: EnqueuedJob, action: DeadJobAction, reason: &str) -> Vec<ChangedJob> {
        let change = DeadJobChange { action, actor: OPERATOR, reason };
        queue::admin::apply_to_dead(&self.db, &[enqueued_job.job], change, now()).await.unwrap()
    }

    async fn job(&self, enqueued_job: EnqueuedJob) -> Job {
        queue::admin::find(self.db.pool(), enqueued_job.job).await.unwrap().unwrap()
    }
}

async fn attempt(attempts: &Executor<CheckStripeKey>, enqueued_job: EnqueuedJob, does: &Does) -> Ack {
    let delivery = Delivery { job: enqueued_job.job.uuid(), lane: enqueued_job.lane, number: 1 };
    attempts.execute(delivery, does).await.unwrap()
}

fn later(ack: Ack) -> DateTime<Utc> {
    match ack {
        Ack::Later(at) => at,
        Ack::Done => panic!("the notification is gone"),
    }
}

on_both_databases! {
    async fn a_panic_is_tried_again_and_each_time_later(rows) {
        let enqueued_job = rows.enqueued().await;
        let mut at = now();
        for tries in 1..=4_i32 {
            let next = later(attempt(&rows.attempts_at(at), enqueued_job, &Does::Panics).await);
            let (delay, most) = (next - at, TimeDelta::seconds(2_i64.pow(tries.unsigned_abs() - 1)));
            assert!(delay >= most / 2 && delay <= most, "after {tries} it waits {delay}");
            let job = rows.job(enqueued_job).await;
            assert_eq!((job.state, job.attempts(), job.crashes, job.run_at), (JobState::Queued, tries.into(), 0, next));
            assert_eq!((job.claimed_at, job.last_error.as_deref()), (None, Some("it panicked: it slipped")));
            at = next;
        }
    }

    async fn a_job_that_never_returns_is_a_retry_like_any_other(rows) {
        let enqueued_job = rows.enqueued().await;
        let attempts = rows.attempts().with_timeout(Duration::from_millis(30));
        let next = later(attempt(&attempts, enqueued_job, &Does::NeverReturns).await);
        let job = rows.job(enqueued_job).await;
        assert_eq!((job.attempts(), job.crashes, job.run_at), (1, 0, next));
        assert_eq!(job.last_error.as_deref(), Some("it took longer than 30ms"));
        assert_eq!(attempt(&rows.attempts_at(next), enqueued_job, &Does::Finishes(rows.db.clone())).await, Ack::Done);
        assert_eq!(rows.job(enqueued_job).await.state, JobState::Done);
    }

    async fn a_bug_in_what_a_job_writes_ends_it_long_before_its_deadline(rows) {
        for statement in ["UPDATE merchant SET sms_rate = 0", "SELECT nothing FROM nowhere"] {
            let (enqueued_job, bug) = (rows.enqueued().await, Does::Runs(rows.db.clone(), statement));
            let mut at = now();
            for attempts in 1..12 {
                at = later(attempt(&rows.attempts_at(at), enqueued_job, &bug).await);
                assert_eq!(rows.job(enqueued_job).await.attempts(), attempts, "{statement}");
            }
            assert_eq!(attempt(&rows.attempts_at(at), enqueued_job, &bug).await, Ack::Done, "{statement}");
            assert_eq!(rows.job(enqueued_job).await.state, JobState::Dead, "{statement}");
        }
    }

    async fn a_job_that_is_put_off_loses_no_attempt_until_its_deadline(rows) {
        let enqueued_job = rows.enqueued().await;
        let not_now = Does::Says(|| JobError::Snooze {
            why: "the limit is reached".into(),
            after: Duration::from_mins(10),
            spread: Duration::from_mins(1),
        });
        let mut at = now();
        for claims in 1..=5 {
            let next = later(attempt(&rows.attempts_at(at), enqueued_job, &not_now).await);
            assert!(next - at >= TimeDelta::minutes(10) && next - at <= TimeDelta::minutes(11), "{}", next - at);
            let job = rows.job(enqueued_job).await;
            assert_eq!((job.claims, job.attempts(), job.crashes, job.claimed_at), (claims, 0, 0, None));
            assert_eq!(job.last_error.as_deref(), Some("the limit is reached"));
            at = next;
        }
        assert_eq!(attempt(&rows.attempts_at(at), enqueued_job, &not_now).await, Ack::Done);
        assert_eq!(rows.job(enqueued_job).await.state, JobState::Dead);
    }

    async fn a_job_that_was_too_early_has_all_of_its_deadline_from_then_on(rows) {
        let enqueued_job = rows.enqueued().await;
        let monday = now() + TimeDelta::days(2);
        let too_early = Does::Says(|| JobError::postpone("it is Saturday night", now() + TimeDelta::days(2)));
        let next = later(attempt(&rows.attempts(), enqueued_job, &too_early).await);
        let job = rows.job(enqueued_job).await;
        assert!(next >= monday && (job.run_at, job.created_at) == (next, next), "{job:?}");
        assert_eq!((job.attempts(), job.crashes, job.claimed_at), (0, 0, None));

        let fails = Does::Says(|| JobError::retry("the carrier is busy"));
        let again = later(attempt(&rows.attempts_at(next), enqueued_job, &fails).await);
        assert!(again > next, "it is not given up on the first failure");
        assert_eq!(attempt(&rows.attempts_at(next + TimeDelta::hours(2)), enqueued_job, &fails).await, Ack::Done);
        assert_eq!(rows.job(enqueued_job).await.state, JobState::Dead);
    }

    async fn a_job_that_is_let_go_is_anothers_at_once(rows) {
        let enqueued_job = rows.enqueued().await;
        let stopping = rows.attempts();
        let (ended, ()) = tokio::join!(attempt(&stopping, enqueued_job, &Does::NeverReturns), async {
            eventually("it is claimed", async || rows.job(enqueued_job).await.claimed_at).await;
            stopping.cancellation().cancel();
        });
        assert!(later(ended) <= now());
        let job = rows.job(enqueued_job).await;
        assert_eq!((job.claims, job.attempts(), job.crashes, job.claimed_at), (1, 0, 0, None));
        assert_eq!(attempt(&rows.attempts(), enqueued_job, &Does::Finishes(rows.db.clone())).await, Ack::Done);
        let job = rows.job(enqueued_job).await;
        assert_eq!((job.state, job.attempts(), job.crashes), (JobState::Done, 1, 0));
    }

    async fn what_is_paused_is_neither_tried_nor_notified(rows) {
        let (enqueued_job, pool) = (rows.enqueued().await, rows.db.pool());
        let overdue = async || {
            let page = queue::recovery::overdue(pool, now() + TimeDelta::seconds(11), None, 10).await.unwrap();
            page.enqueued.iter().map(|enqueued_job| enqueued_job.job).collect::<Vec<_>>()
        };
        for what in [Paused::Merchant(rows.merchant), Paused::Kind(Kind::CheckStripeKey)] {
            let pauses = Pauses::default();
            let attempts = rows.attempts().with_pauses(pauses.clone());
            assert!(queue::admin::pause(&rows.db, what, OPERATOR, "a test", now()).await.unwrap());
            assert!(!queue::admin::pause(&rows.db, what, OPERATOR, "twice", now()).await.unwrap());
            pauses.read(pool).await.unwrap();
            assert_eq!(attempt(&attempts, enqueued_job, &Does::Finishes(rows.db.clone())).await, Ack::Done);
            assert_eq!(rows.job(enqueued_job).await.claims, 0);
            assert_eq!(overdue().await, []);

            assert!(queue::admin::resume(&rows.db, what, OPERATOR, None, now()).await.unwrap());
            assert!(!queue::admin::resume(&rows.db, what, OPERATOR, None, now()).await.unwrap());
            assert_eq!(overdue().await, [enqueued_job.job]);
            // What the worker knows is old by now; a job that the end of the pause notifies is done all the same.
            let snoozes = Does::Says(|| JobError::Snooze {
                why: "it was tried".into(),
                after: Duration::ZERO,
                spread: Duration::ZERO,
            });
            later(attempt(&attempts, enqueued_job, &snoozes).await);
            assert_eq!(rows.job(enqueued_job).await.last_error.as_deref(), Some("it was tried"));
            pool.execute_unprepared("UPDATE job SET attempt = 0, spared = 0").await.unwrap();
        }
    }

    async fn a_pause_longer_than_a_deadline_costs_no_job_its_time(rows) {
        let (enqueued_job, other) = (rows.enqueued().await, rows.enqueued_for_another_merchant().await);
        let not_now = Does::Says(|| JobError::retry("the limit is reached"));
        let mut at = now();
        for what in [Paused::Merchant(rows.merchant), Paused::Kind(Kind::CheckStripeKey)] {
            assert!(queue::admin::pause(&rows.db, what, OPERATOR, "a test", at).await.unwrap());
            at += TimeDelta::hours(2);
            assert!(queue::admin::resume(&rows.db, what, OPERATOR, None, at).await.unwrap());
            later(attempt(&rows.attempts_at(at), enqueued_job, &not_now).await);
            assert_eq!(rows.job(enqueued_job).await.created_at, at);
            assert_eq!(rows.job(other).await.created_at == at, what.merchant().is_none(), "{what}");
        }
        at += TimeDelta::hours(2);
        assert_eq!(attempt(&rows.attempts_at(at), enqueued_job, &not_now).await, Ack::Done);
        assert_eq!(rows.job(enqueued_job).await.state, JobState::Dead, "its deadline is as it was");
    }

    async fn a_dead_job_is_retried_from_the_start_and_a_late_worker_stays_out(rows) {
        let enqueued_job = rows.enqueued().await;
        let (attempts, fails) = (rows.attempts(), Does::Says(|| JobError::fail("no such thing")));
        attempt(&attempts, enqueued_job, &fails).await;
        assert_eq!(rows.job(enqueued_job).await.state, JobState::Dead);

        let changed = rows.changed(enqueued_job, DeadJobAction::Retry, "mended").await;
        assert_eq!(changed[0].enqueued_job.map(|enqueued_job| enqueued_job.job), Some(enqueued_job.job));
        let job = rows.job(enqueued_job).await;
        assert_eq!((job.state, job.claims, job.attempts()), (JobState::Queued, 1, 0));
        assert!(rows.changed(enqueued_job, DeadJobAction::Discard, "no").await.is_empty());

        attempt(&attempts, enqueued_job, &fails).await;
        rows.changed(enqueued_job, DeadJobAction::Discard, "never mind").await;
        assert_eq!(rows.job(enqueued_job).await.state, JobState::Discarded);
        let audit = entity::audit::of_subject(rows.db.pool(), &enqueued_job.job.to_string()).await.unwrap();
        let told: Vec<_> = audit.iter().map(|entry| (entry.action.as_str(), entry.detail.as_deref())).collect();
        assert_eq!(told, [("job.retry", Some("mended")), ("job.discard", Some("never mind"))]);
    }
}
