//! What becomes of those that wait, and how they are listed.

use super::*;

on_both_databases! {
    async fn what_was_committed_late_gets_a_row_after_all(rows) {
        let at = now();
        let job = received_at(&rows, at - TimeDelta::minutes(15)).await;
        assert_eq!(event_jobs::write_overdue(rows.db.writer(), at).await.unwrap(), 0, "nobody expects it so late");
        assert_eq!(event_jobs::write_late(rows.db.writer(), at).await.unwrap(), 1);
        assert!(row(&rows, job).await.is_some());
    }

    async fn what_came_since_a_scheduler_ran_is_looked_through_in_parts(rows) {
        let at = now();
        forget_the_tick(&rows).await;
        tick::done(rows.db.writer(), event_jobs::TICK, at - TimeDelta::days(9)).await.unwrap();
        let mut jobs = Vec::new();
        for number in 0..100_i64 {
            let job = received_at(&rows, at - TimeDelta::minutes(9 * number) - TimeDelta::seconds(20)).await;
            if number % 9 == 0 {
                jobs.push(job);
            } else {
                let event = ProcessStripeEvent { merchant: rows.merchant, event: WebhookEventId::from_uuid(job.uuid()) };
                let concluded = [conclusion(&event, EventState::Applied, true)];
                webhook_event::conclude(rows.db.writer(), &concluded, at).await.unwrap().unwrap();
            }
        }
        let looks = Looks { most: 2, ..Looks::default() };
        for merchant in [None, Some(rows.merchant)] {
            let (mut filter, mut ids, mut pages) =
                (JobFilter { merchant, limit: 3, looks, ..JobFilter::default() }, Vec::new(), 0);
            loop {
                let found = queue::admin::list(rows.db.pool(), &filter).await.unwrap();
                ids.extend(found.rows.iter().map(|job| job.id));
                pages += 1;
                let Some(end) = found.looked_to else { break };
                assert!(filter.before.is_none_or(|before| end < before), "each page goes on");
                filter.before = Some(end);
            }
            assert_eq!(ids, jobs, "{merchant:?}");
            assert!(pages > 4, "all were looked through for {pages} pages");
        }
        assert_eq!(queue::admin::find(rows.db.pool(), jobs[9]).await.unwrap().unwrap().id, jobs[9]);
        let search = WebhookEventSearch { state: Some(EventState::Received), limit: 20, looks, ..WebhookEventSearch::default() };
        let found = queue::admin::waiting_events(rows.db.pool(), rows.merchant, &search).await.unwrap();
        let ids: Vec<_> = found.rows.iter().map(|event| event.id.uuid()).collect();
        assert_eq!(ids, jobs.iter().map(|job| job.uuid()).collect::<Vec<_>>());

        assert_eq!(event_jobs::write_overdue(rows.db.writer(), at).await.unwrap(), 12);
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
}
