//! Lists of jobs and of events, by all of their filters, where little is looked through for a page: each is complete.

use chrono::TimeDelta;
use domain::{JobId, MerchantId, WebhookEventId};
use entity::{
    job::{self, JobState},
    list::Looks,
    merchant,
    webhook_event::{self, Conclusion, EventState, NewEvent, Source, WebhookEventSearch},
};
use queue::{EnqueueOptions, Kind, ProcessSmsEvent, ProcessStripeEvent, admin::JobFilter, enqueue};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use super::{Rows, now, on_both_databases};
use crate::support::new_merchant;

/// What is read for a page: the product reads hundreds of times as much.
const LOOKS: Looks = Looks { first: 10, most: 20, collected: 4 };

/// The size of a page.
const LIMIT: u64 = 7;

/// How many jobs there are.
const JOBS: i64 = 150;

/// How many events there are: more than are always looked through for those that wait.
const EVENTS: i64 = 450;

/// Jobs of two merchants and of none, oldest first.
async fn jobs(rows: &Rows) -> Vec<job::Job> {
    let db = rows.db.pool();
    let other = merchant::insert(db, new_merchant(), now()).await.unwrap().id;
    let job = |n: i64| {
        let at = now() + TimeDelta::minutes(n - JOBS);
        let state = match n % 10 {
            0 => JobState::Queued,
            1 => JobState::Dead,
            2 => JobState::Discarded,
            _ => JobState::Done,
        };
        job::Job {
            id: JobId::new(at),
            kind: if n % 7 == 3 { Kind::SendSms } else { Kind::ProcessStripeEvent }.as_str().to_owned(),
            dedup_key: None,
            merchant_id: [Some(rows.merchant), Some(other), None][usize::try_from(n % 3).unwrap()],
            payload: "{}".to_owned(),
            state,
            claims: 0,
            crashes: 0,
            uncounted: 0,
            run_at: at,
            // A dead job says why.
            last_error: match (n % 11, state) {
                (..2, _) => Some("a Timeout".to_owned()),
                (_, JobState::Dead) => Some("another".to_owned()),
                _ => None,
            },
            created_at: at,
            claimed_at: None,
            finished_at: (state != JobState::Queued).then_some(at),
            traceparent: None,
        }
    };
    let jobs: Vec<job::Job> = (0..JOBS).map(job).collect();
    job::Entity::insert_many(jobs.iter().map(|job| job.clone().into_active_model().reset_all()))
        .exec(db)
        .await
        .unwrap();
    jobs
}

/// All filters of jobs.
fn job_filters(merchant: MerchantId) -> Vec<JobFilter> {
    let mut all = Vec::new();
    let states = [JobState::Queued, JobState::Dead, JobState::Discarded, JobState::Done].map(Some);
    for state in states.into_iter().chain([None]) {
        for kind in [None, Some(Kind::SendSms)] {
            for merchant in [None, Some(merchant)] {
                for error in [None, Some("TIMEOUT".to_owned())] {
                    for enqueued_before in [None, Some(now() - TimeDelta::minutes(JOBS / 2))] {
                        let error = error.clone();
                        let filter =
                            JobFilter { state, kind, merchant, error, enqueued_before, ..JobFilter::default() };
                        all.push(JobFilter { limit: LIMIT, looks: LOOKS, ..filter });
                    }
                }
            }
        }
    }
    all
}

/// Events of both sources, and of a type that is rare, in all states, oldest first. Some wait since before others were
/// applied.
async fn events(rows: &Rows) -> Vec<(NewEvent, EventState)> {
    let db = rows.db.pool();
    let event = |n: i64| {
        let source = if n % 3 == 1 { Source::Sms } else { Source::Stripe };
        let event = NewEvent {
            id: WebhookEventId::new(now() + TimeDelta::minutes(n - EVENTS)),
            merchant_id: rows.merchant,
            source,
            external_id: format!("evt_{n}"),
            kind: if n % 8 == 5 { "rare" } else { "usual" }.to_owned(),
            payload: "{}".to_owned(),
            traceparent: None,
        };
        let state = match n % 10 {
            0 | 7 => EventState::Received,
            1 | 2 => EventState::Failed,
            3 | 4 => EventState::Ignored,
            _ => EventState::Applied,
        };
        (event, state)
    };
    let events: Vec<(NewEvent, EventState)> = (0..EVENTS).map(event).collect();
    let new: Vec<NewEvent> = events.iter().map(|(event, _)| event.clone()).collect();
    for some in new.chunks(150) {
        webhook_event::store(db, some, now()).await.unwrap();
    }
    let over = events.iter().filter(|(_, state)| *state != EventState::Received).map(|(event, state)| Conclusion {
        merchant: rows.merchant,
        event: event.id,
        state: *state,
        link: None,
        error: None,
        is_first: false,
    });
    webhook_event::conclude(db, &over.collect::<Vec<_>>(), now()).await.unwrap().unwrap();
    events
}

/// The unfinished jobs of the events that wait.
async fn jobs_of<'a>(rows: &Rows, waiting: impl Iterator<Item = &'a NewEvent>) {
    for event in waiting {
        let (merchant, event, source) = (rows.merchant, event.id, event.source);
        let options = EnqueueOptions::for_merchant(merchant);
        let _unnotified = match source {
            Source::Stripe => enqueue(rows.db.pool(), &ProcessStripeEvent { merchant, event }, options, now()).await,
            Source::Sms => enqueue(rows.db.pool(), &ProcessSmsEvent { merchant, event }, options, now()).await,
        };
    }
}

async fn events_by(rows: &Rows, mut search: WebhookEventSearch) -> Vec<WebhookEventId> {
    let mut found = Vec::new();
    for _ in 0..EVENTS {
        let page = if search.state == Some(EventState::Received) {
            queue::admin::waiting_events(rows.db.pool(), rows.merchant, &search).await.unwrap()
        } else {
            webhook_event::search(rows.db.pool(), rows.merchant, &search).await.unwrap()
        };
        let is_full = page.rows.len() as u64 >= search.limit;
        found.extend(page.rows.iter().map(|event| event.id));
        search.before = if is_full { found.last().copied() } else { page.looked_to };
        if search.before.is_none() {
            return found;
        }
    }
    panic!("it does not end")
}

on_both_databases! {
    async fn every_list_of_jobs_is_complete_and_in_order(rows) {
        let jobs = jobs(&rows).await;
        let mut short = 0;
        for mut filter in job_filters(rows.merchant) {
            let is_meant = |job: &&job::Job| {
                filter.state.is_none_or(|state| state == job.state)
                    && filter.kind.is_none_or(|kind| kind.as_str() == job.kind)
                    && filter.merchant.is_none_or(|merchant| Some(merchant) == job.merchant_id)
                    && (filter.error.is_none() || job.last_error.as_deref() == Some("a Timeout"))
                    && filter.enqueued_before.is_none_or(|time| job.created_at < time)
            };
            let mut expected: Vec<JobId> = jobs.iter().filter(is_meant).map(|job| job.id).collect();
            expected.sort_unstable_by(|one, other| other.cmp(one));
            let mut found = Vec::new();
            for _ in 0..JOBS {
                let page = queue::admin::list(rows.db.pool(), &filter).await.unwrap();
                assert!(page.rows.len() as u64 <= LIMIT);
                short += usize::from(page.looked_to.is_some() && (page.rows.len() as u64) < LIMIT);
                found.extend(page.rows.iter().map(|job| job.id));
                filter.before = page.looked_to;
                if filter.before.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "{filter:?}");
            let first = queue::admin::first(rows.db.pool(), &JobFilter { before: None, ..filter.clone() }).await.unwrap();
            let ids: Vec<JobId> = first.iter().map(|job| job.id).collect();
            assert_eq!(ids, expected[..expected.len().min(usize::try_from(LIMIT).unwrap())], "{filter:?}");
        }
        assert!(short > 0, "all jobs were looked through for each page");
    }

    async fn every_list_of_events_is_complete_and_in_order(rows) {
        let events = events(&rows).await;
        let waiting = || events.iter().filter(|(_, state)| *state == EventState::Received).map(|(event, _)| event);
        jobs_of(&rows, waiting()).await;
        let states = [EventState::Received, EventState::Applied, EventState::Ignored, EventState::Failed].map(Some);
        for state in states.into_iter().chain([None]) {
            for kind in [None, Some("rare"), Some("never")] {
                for source in [None, Some(Source::Stripe), Some(Source::Sms)] {
                    let is_meant = |(event, is): &&(NewEvent, EventState)| {
                        state.is_none_or(|state| state == *is)
                            && kind.is_none_or(|kind| kind == event.kind)
                            && source.is_none_or(|source| source == event.source)
                    };
                    let mut expected: Vec<WebhookEventId> = events.iter().filter(is_meant).map(|(event, _)| event.id).collect();
                    expected.reverse();
                    let kind = kind.map(str::to_owned);
                    let search = WebhookEventSearch { kind, source, state, before: None, limit: LIMIT, looks: LOOKS };
                    assert_eq!(events_by(&rows, search.clone()).await, expected, "{search:?}");
                }
            }
        }
    }
}
