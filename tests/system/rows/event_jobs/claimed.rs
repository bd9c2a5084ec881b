//! What becomes of them when one worker claims them, or two.

use futures_util::future::{join, join_all};
use sea_orm::{ActiveModelTrait, ConnectionTrait, IntoActiveModel, Statement};

use super::*;

#[tokio::test]
async fn two_writers_of_rows_do_not_wait_for_each_other() {
    let rows = Rows::on_postgresql().await;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(received(&rows).await);
    }
    let other = rows.db.begin().await.unwrap();
    writes(&rows, &other, jobs[0]).await;
    let executor = Executor::<ProcessStripeEvent>::new(rows.db.clone(), Clock::system());
    let handler = Applies::how(&rows, Ending::Retried);
    let attempts = join_all(jobs.iter().map(|job| executor.execute(delivery(&rows, *job, 2), &handler)));
    let writes_the_others = async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waits = || Statement::from_string(rows.db.pool().get_database_backend(), waits);
        while rows.db.pool().query_one_raw(waits()).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        for job in &jobs[1..] {
            writes(&rows, &other, *job).await;
        }
        other.commit().await.unwrap();
    };
    let (acks, ()) = join(attempts, writes_the_others).await;
    assert!(acks.into_iter().all(|ack| matches!(ack.unwrap(), Ack::Later(_))));
}

/// Writes the row of a job, as anybody would.
async fn writes(rows: &Rows, tx: &Transaction, job: JobId) {
    let row = queue::admin::find(rows.db.pool(), job).await.unwrap().unwrap();
    Entity::insert(row.into_active_model().reset_all()).exec(tx).await.unwrap();
}

on_both_databases! {
    async fn an_event_is_applied_once_and_its_job_never_has_a_row(rows) {
        let (job, handler) = (received(&rows).await, Applies::how(&rows, Ending::Well));
        assert_eq!(handler.makes(&rows, job, 1).await, Ack::Done);
        assert_eq!((row(&rows, job).await, state(&rows, job).await), (None, EventState::Applied));
        // Notifications that were late.
        for number in [1, 2] {
            assert_eq!(handler.makes(&rows, job, number).await, Ack::Done);
        }
        assert_eq!((handler.seen(), row(&rows, job).await), (vec![(1, 0)], None));
    }

    async fn of_two_that_apply_an_event_at_once_one_has_an_effect(rows) {
        let (job, handler) = (received(&rows).await, Applies::with_others(&rows, Ending::Well, 1));
        let acks = join(handler.makes(&rows, job, 1), handler.makes(&rows, job, 1)).await;
        assert_eq!(acks, (Ack::Done, Ack::Done));
        assert_eq!(handler.seen(), [(1, 0), (1, 0)]);
        assert_eq!(rows.merchant().await.message_template.as_deref(), Some("{{link}}"));
        assert_eq!((row(&rows, job).await, state(&rows, job).await), (None, EventState::Applied));
    }

    async fn an_attempt_at_an_event_that_never_reported_counts_as_a_crash(rows) {
        let (job, handler) = (received(&rows).await, Applies::how(&rows, Ending::Never));
        // It is ended in the middle, and nothing of it was written.
        let cut_off = tokio::time::timeout(Duration::from_millis(200), handler.makes(&rows, job, 1)).await;
        assert!(cut_off.is_err());
        assert_eq!((handler.seen(), row(&rows, job).await), (vec![(1, 0)], None));

        let next = Applies::how(&rows, Ending::Well);
        assert_eq!(next.makes(&rows, job, 2).await, Ack::Done);
        assert_eq!(next.seen(), [(2, 1)]);
        assert_eq!((row(&rows, job).await, state(&rows, job).await), (None, EventState::Applied));
    }

    async fn an_attempt_that_outlives_its_lease_changes_nothing(rows) {
        let (job, slow) = (received(&rows).await, Applies::with_others(&rows, Ending::Retried, 1));
        let makes = slow.makes(&rows, job, 1);
        let meanwhile = async {
            while slow.seen().is_empty() {
                tokio::task::yield_now().await;
            }
            let next = Applies::how(&rows, Ending::Well);
            assert_eq!(next.makes(&rows, job, 2).await, Ack::Done);
            assert_eq!(next.seen(), [(2, 1)]);
            slow.others.wait().await;
        };
        let (ack, ()) = join(makes, meanwhile).await;
        assert_eq!((ack, row(&rows, job).await, state(&rows, job).await), (Ack::Done, None, EventState::Applied));
    }

    async fn of_two_attempts_the_first_that_ends_has_an_effect(rows) {
        let job = received(&rows).await;
        let (slow, next) = (Applies::with_others(&rows, Ending::Well, 1), Applies::with_others(&rows, Ending::Well, 1));
        let meanwhile = async {
            while slow.seen().is_empty() {
                tokio::task::yield_now().await;
            }
            let ends = async {
                while next.seen().is_empty() {
                    tokio::task::yield_now().await;
                }
                slow.others.wait().await;
                // The row is another worker's by now.
                while state(&rows, job).await == EventState::Received {
                    tokio::task::yield_now().await;
                }
                next.others.wait().await;
            };
            join(next.makes(&rows, job, 2), ends).await.0
        };
        let acks = join(slow.makes(&rows, job, 1), meanwhile).await;
        assert_eq!((acks, slow.seen(), next.seen()), ((Ack::Done, Ack::Done), vec![(1, 0)], vec![(2, 1)]));
        assert_eq!(rows.merchant().await.message_template.as_deref(), Some("{{link}}"));
        assert_eq!((row(&rows, job).await, state(&rows, job).await), (None, EventState::Applied));
    }

    async fn a_row_that_was_left_behind_has_no_effect_and_goes(rows) {
        let job = received_at(&rows, now() - TimeDelta::seconds(30)).await;
        assert_eq!(event_jobs::write_overdue(rows.db.writer(), now()).await.unwrap(), 1);
        // The worker that applied the event committed at the moment when the row was written, and did not see it.
        let event = ProcessStripeEvent { merchant: rows.merchant, event: WebhookEventId::from_uuid(job.uuid()) };
        let concluded = [conclusion(&event, EventState::Ignored, true)];
        webhook_event::conclude(rows.db.writer(), &concluded, now()).await.unwrap().unwrap();

        assert_eq!(Applies::how(&rows, Ending::Well).makes(&rows, job, 1).await, Ack::Done);
        assert_eq!(rows.merchant().await.message_template, None);
        assert_eq!((row(&rows, job).await, state(&rows, job).await), (None, EventState::Ignored));
    }

    async fn a_dead_job_of_an_event_can_be_done_after_all(rows) {
        let job = received(&rows).await;
        assert_eq!(Applies::how(&rows, Ending::Failed).makes(&rows, job, 1).await, Ack::Done);
        let retried = DeadJobChange { action: DeadJobAction::Retry, actor: "test", reason: "a test" };
        assert_eq!(queue::admin::apply_to_dead(&rows.db, &[job], retried, now()).await.unwrap().len(), 1);
        assert_eq!(Applies::how(&rows, Ending::Well).makes(&rows, job, 1).await, Ack::Done);
        assert_eq!((row(&rows, job).await, state(&rows, job).await), (None, EventState::Applied));
    }

    async fn a_retry_is_remembered_in_a_row_that_goes_when_it_is_done(rows) {
        let came = now().duration_trunc(TimeDelta::milliseconds(1)).unwrap();
        let job = received_at(&rows, came).await;
        let Ack::Later(at) = Applies::how(&rows, Ending::Retried).makes(&rows, job, 1).await else { panic!("not later") };
        let after = row(&rows, job).await.unwrap();
        assert_eq!((after.state, after.claims, after.crashes, after.run_at), (JobState::Queued, 1, 0, at));
        assert_eq!((after.last_error.as_deref(), after.traceparent.as_deref()), (Some("Stripe is away"), Some(TRACE)));
        assert_eq!((after.kind.as_str(), after.created_at), ("process_stripe_event", came), "its deadline counts from then");
        assert_eq!(state(&rows, job).await, EventState::Received);

        let next = Applies::how(&rows, Ending::Well);
        let later = Executor::<ProcessStripeEvent>::new(rows.db.clone(), Clock::stopped_at(at));
        assert_eq!(later.execute(delivery(&rows, job, 2), &next).await.unwrap(), Ack::Done);
        assert_eq!((next.seen(), row(&rows, job).await), (vec![(2, 0)], None));
        assert_eq!(state(&rows, job).await, EventState::Applied);
    }

    async fn an_event_that_cannot_be_applied_leaves_a_dead_job(rows) {
        let job = received(&rows).await;
        assert_eq!(Applies::how(&rows, Ending::Failed).makes(&rows, job, 1).await, Ack::Done);
        let after = row(&rows, job).await.unwrap();
        assert_eq!((after.state, after.claims, after.last_error.as_deref()), (JobState::Dead, 1, Some("it is none")));
        assert_eq!(state(&rows, job).await, EventState::Failed);
    }

    async fn a_worker_that_stops_releases_an_event_without_counting_the_attempt(rows) {
        let (job, handler) = (received(&rows).await, Applies::how(&rows, Ending::Never));
        let executor = Executor::<ProcessStripeEvent>::new(rows.db.clone(), Clock::system());
        let stops = async {
            while handler.seen().is_empty() {
                tokio::task::yield_now().await;
            }
            executor.cancellation().cancel();
        };
        let (ack, ()) = join(executor.execute(delivery(&rows, job, 1), &handler), stops).await;
        assert!(matches!(ack.unwrap(), Ack::Later(_)));
        let after = row(&rows, job).await.unwrap();
        assert_eq!((after.attempts(), after.crashes, after.state), (0, 0, JobState::Queued));

        let next = Applies::how(&rows, Ending::Well);
        assert_eq!(next.makes(&rows, job, 2).await, Ack::Done);
        assert_eq!((next.seen(), row(&rows, job).await), (vec![(2, 0)], None));
    }

    async fn an_event_of_a_paused_merchant_waits_in_a_row(rows) {
        let (job, handler) = (received(&rows).await, Applies::how(&rows, Ending::Well));
        let paused = Paused::Merchant(rows.merchant);
        pause::put(rows.db.writer(), &paused.subject(), "a test", now()).await.unwrap();
        let pauses = Pauses::default();
        pauses.read(rows.db.pool()).await.unwrap();
        let executor = Executor::<ProcessStripeEvent>::new(rows.db.clone(), Clock::system()).with_pauses(pauses);
        assert_eq!(executor.execute(delivery(&rows, job, 1), &handler).await.unwrap(), Ack::Done);
        let waiting = row(&rows, job).await.unwrap();
        assert_eq!((handler.seen(), waiting.claims, waiting.state), (vec![], 0, JobState::Queued));

        pause::remove(rows.db.writer(), &paused.subject()).await.unwrap();
        assert_eq!(executor.execute(delivery(&rows, job, 1), &handler).await.unwrap(), Ack::Done);
        assert_eq!((handler.seen(), row(&rows, job).await), (vec![(1, 0)], None));
    }

    async fn a_row_that_was_written_meanwhile_goes_with_the_job(rows) {
        let job = received_at(&rows, now() - TimeDelta::seconds(30)).await;
        let slow = Applies::with_others(&rows, Ending::Well, 1);
        let meanwhile = async {
            while slow.seen().is_empty() {
                tokio::task::yield_now().await;
            }
            assert_eq!(event_jobs::write_overdue(rows.db.writer(), now()).await.unwrap(), 1);
            slow.others.wait().await;
        };
        let (ack, ()) = join(slow.makes(&rows, job, 1), meanwhile).await;
        assert_eq!((ack, row(&rows, job).await, state(&rows, job).await), (Ack::Done, None, EventState::Applied));
    }
}
