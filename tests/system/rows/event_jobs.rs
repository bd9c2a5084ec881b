//! Jobs of received events, which have no row until there is something to remember about them.

mod applies;

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::{Clock, JobId, WebhookEventId};
use entity::{
    job::{Entity, Job as Row, JobState},
    pause, tick,
    webhook_event::{self, EventState, NewEvent, Source, WebhookEventSearch},
};
use queue::{
    Executor, Kind, ProcessStripeEvent,
    admin::JobFilter,
    event_jobs,
    flow::{Paused, Pauses},
    redis::Ack,
};
use sea_orm::EntityTrait;

use self::applies::{Applies, Ending, conclusion, delivery};
use super::{Rows, now, on_both_databases};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

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

pub(super) async fn state(rows: &Rows, job: JobId) -> EventState {
    let event = WebhookEventId::from_uuid(job.uuid());
    webhook_event::find(rows.db.pool(), rows.merchant, event).await.unwrap().unwrap().state
}

/// As if the rows of those that have waited for long had never been written.
async fn forget_the_tick(rows: &Rows) {
    let mark = tick::last_due(rows.db.pool(), event_jobs::TICK).await.unwrap().unwrap();
    assert!(tick::take_back(rows.db.writer(), event_jobs::TICK, mark).await.unwrap());
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
        let acks = futures_util::future::join(handler.makes(&rows, job, 1), handler.makes(&rows, job, 1)).await;
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
        let (ack, ()) = futures_util::future::join(makes, meanwhile).await;
        assert_eq!((ack, row(&rows, job).await, state(&rows, job).await), (Ack::Done, None, EventState::Applied));
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
        let (ack, ()) = futures_util::future::join(executor.execute(delivery(&rows, job, 1), &handler), stops).await;
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

    async fn what_waits_for_long_gets_a_row_and_is_found_by_it(rows) {
        let at = now();
        let ages = [2, 15, 60, 80, 100];
        let mut jobs = Vec::new();
        for seconds in ages {
            jobs.push(received_at(&rows, at - TimeDelta::seconds(seconds)).await);
        }
        assert_eq!(Applies::how(&rows, Ending::Well).makes(&rows, jobs[1], 1).await, Ack::Done);

        // One that may have been committed before the last time was seen then.
        let db = rows.db.writer();
        forget_the_tick(&rows).await;
        tick::done(db, event_jobs::TICK, at - TimeDelta::seconds(30)).await.unwrap();
        assert_eq!(event_jobs::write_overdue(db, at).await.unwrap(), 2);
        let mut has_row = Vec::new();
        for job in &jobs {
            has_row.push(Entity::find_by_id(*job).one(db).await.unwrap().is_some());
        }
        assert_eq!(has_row, [false, false, true, true, false], "of those that came {ages:?} seconds ago");
        assert_eq!(event_jobs::write_overdue(db, at).await.unwrap(), 0, "each once");
        let overdue = queue::recovery::overdue(rows.db.pool(), at, None, 10).await.unwrap();
        let overdue: Vec<JobId> = overdue.enqueued.iter().map(|enqueued| enqueued.job).collect();
        assert_eq!(overdue, [jobs[3], jobs[2]], "by their ids");

        // It is not known when that was done last.
        forget_the_tick(&rows).await;
        assert_eq!(event_jobs::write_overdue(db, at).await.unwrap(), 1);
        assert!(Entity::find_by_id(jobs[4]).one(db).await.unwrap().is_some());
        // A mark that lies in the future.
        tick::done(db, event_jobs::TICK, at + TimeDelta::days(1)).await.unwrap();
        assert_eq!(event_jobs::write_overdue(db, at + TimeDelta::seconds(10)).await.unwrap(), 1);
        assert!(Entity::find_by_id(jobs[0]).one(db).await.unwrap().is_some());

        // With a row it is a job like any other.
        let handler = Applies::how(&rows, Ending::Well);
        for job in jobs {
            assert_eq!(handler.makes(&rows, job, 1).await, Ack::Done);
            assert_eq!((row(&rows, job).await, state(&rows, job).await), (None, EventState::Applied));
        }
        assert_eq!(handler.seen(), [(1, 0); 4]);
    }

    async fn an_event_that_came_lately_and_waits_is_listed_without_a_row(rows) {
        let at = now();
        let waiting = received_at(&rows, at - TimeDelta::seconds(9)).await;
        for number in 0..300 {
            let job = received_at(&rows, at - TimeDelta::milliseconds(4_000 - number)).await;
            let event = ProcessStripeEvent { merchant: rows.merchant, event: WebhookEventId::from_uuid(job.uuid()) };
            let concluded = [conclusion(&event, EventState::Applied, true)];
            webhook_event::conclude(rows.db.writer(), &concluded, at).await.unwrap().unwrap();
        }
        let search = WebhookEventSearch { state: Some(EventState::Received), limit: 20, ..WebhookEventSearch::default() };
        let found = queue::admin::waiting_events(rows.db.pool(), rows.merchant, &search).await.unwrap();
        assert_eq!(found.rows.iter().map(|event| event.id.uuid()).collect::<Vec<_>>(), [waiting.uuid()]);
    }

    async fn jobs_without_rows_are_listed_with_the_others(rows) {
        let mut jobs = Vec::new();
        for _ in 0..5 {
            jobs.push(received(&rows).await);
        }
        jobs.reverse();
        let ids = async |filter: JobFilter| -> Vec<JobId> {
            let (mut filter, mut ids) = (JobFilter { limit: 2, ..filter }, Vec::new());
            loop {
                let found = queue::admin::list(rows.db.pool(), &filter).await.unwrap();
                ids.extend(found.rows.iter().map(|job| job.id));
                let Some(end) = found.looked_to else { return ids };
                filter.before = Some(end);
            }
        };
        // One of them has a row, and one is applied.
        assert!(matches!(Applies::how(&rows, Ending::Retried).makes(&rows, jobs[1], 1).await, Ack::Later(_)));
        assert_eq!(Applies::how(&rows, Ending::Well).makes(&rows, jobs[3], 1).await, Ack::Done);
        jobs.remove(3);
        let (kind, merchant) = (Some(Kind::ProcessStripeEvent), Some(rows.merchant));
        for state in [None, Some(JobState::Queued)] {
            for filter in [
                JobFilter { state, ..JobFilter::default() },
                JobFilter { state, kind, ..JobFilter::default() },
                JobFilter { state, merchant, ..JobFilter::default() },
            ] {
                assert_eq!(ids(filter.clone()).await, jobs, "{filter:?}");
            }
        }
        assert_eq!(ids(JobFilter { kind: Some(Kind::ProcessSmsEvent), ..JobFilter::default() }).await, []);
        assert_eq!(ids(JobFilter { state: Some(JobState::Dead), ..JobFilter::default() }).await, []);
        let found = queue::admin::find(rows.db.pool(), jobs[0]).await.unwrap().unwrap();
        assert_eq!((found.id, found.claims, found.state), (jobs[0], 0, JobState::Queued));
        assert_eq!(queue::admin::list(rows.db.pool(), &JobFilter { limit: 9, ..JobFilter::default() }).await.unwrap().rows[1].claims, 1);
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
        let (ack, ()) = futures_util::future::join(slow.makes(&rows, job, 1), meanwhile).await;
        assert_eq!((ack, row(&rows, job).await, state(&rows, job).await), (Ack::Done, None, EventState::Applied));
    }
}
