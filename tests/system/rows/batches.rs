use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    JobId, LinkState, WebhookEventId,
    link::{LinkEvent, Refusal, Review},
};
use entity::{
    DbFault, Transaction, job,
    link::{self, Advanced, LinkTransition, StripeFacts},
    merchant,
    order::{self, Tag},
    webhook_event::{self, NewEvent, Source},
};
use queue::{
    CheckStripeKey, Claim, EnqueueOptions, EnqueuedJob, JobDraft, ProcessStripeEvent, claim_all, enqueue, enqueue_all,
};
use sea_orm::{ConnectionTrait, DbBackend};
use tokio::time::timeout;

use super::{Rows, now, on_both_databases};

async fn enqueued_after(rows: &Rows, wait: TimeDelta) -> JobId {
    let job = CheckStripeKey { merchant: rows.merchant };
    let wanted = EnqueueOptions { run_at: Some(now() + wait), ..EnqueueOptions::for_merchant(rows.merchant) };
    enqueue(rows.db.pool(), &job, wanted, now()).await.unwrap().unwrap().job
}

/// Stripe's term for `name`.
fn event(rows: &Rows, name: &str) -> NewEvent {
    NewEvent {
        id: WebhookEventId::new(now()),
        merchant_id: rows.merchant,
        source: Source::Stripe,
        external_id: name.to_owned(),
        kind: "checkout.session.completed".to_owned(),
        payload: "{}".to_owned(),
        traceparent: None,
    }
}

/// Stores events with a job each; answers the jobs of those that are new.
async fn store(rows: &Rows, names: &[&str]) -> Vec<EnqueuedJob> {
    let events: Vec<NewEvent> = names.iter().map(|name| event(rows, name)).collect();
    let mut jobs = Vec::new();
    for event in webhook_event::store(rows.db.writer(), &events, now()).await.unwrap() {
        let job = ProcessStripeEvent { merchant: rows.merchant, event };
        let options = EnqueueOptions::for_merchant(rows.merchant);
        jobs.extend(enqueue(rows.db.writer(), &job, options, now()).await.unwrap());
    }
    jobs
}

/// A link that Stripe calls `plink_…`, unpaid.
async fn unpaid_link(rows: &Rows, number: usize) -> link::Model {
    let made = rows.link(&rows.order().await).await.unwrap();
    let facts = StripeFacts {
        link_id: Some(format!("plink_{number}")),
        url: Some(format!("https://buy.stripe.com/{number}")),
        livemode: Some(false),
        ..StripeFacts::default()
    };
    rows.advance(&made, LinkEvent::Created, &facts).await;
    link::find(rows.db.pool(), rows.merchant, made.id).await.unwrap().unwrap()
}

/// The payment of a link by a session of its own.
fn payment(link: &link::Model) -> StripeFacts {
    StripeFacts {
        session: Some(format!("cs_{}", link.id)),
        payment_intent: Some(format!("pi_{}", link.id)),
        ..StripeFacts::default()
    }
}

/// As long as nothing takes on any machine.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_job_whose_row_is_locked_holds_up_no_other_that_is_claimed_with_it() {
    let rows = Rows::on_postgresql().await;
    let (held, free) = (enqueued_after(&rows, TimeDelta::zero()).await, enqueued_after(&rows, TimeDelta::zero()).await);
    let other = rows.db.begin().await.unwrap();
    job::begin_anew(&other, Some(vec![held]), now() + TimeDelta::seconds(1)).await.unwrap();
    let at = now();
    let claims = timeout(LONG, claim_all(rows.db.pool(), &[(held, at), (free, at)])).await.unwrap().unwrap();
    let [Claim::NotBefore(again), Claim::Ours(lease)] = &claims[..] else { panic!("{claims:?}") };
    assert_eq!((*again - at, lease.job().id), (TimeDelta::seconds(1), free));
    other.rollback().await.unwrap();
    let claims = claim_all(rows.db.pool(), &[(held, *again)]).await.unwrap();
    assert!(matches!(&claims[..], [Claim::Ours(_)]), "{claims:?}");
}

#[tokio::test]
async fn a_group_neither_holds_nor_waits_for_locks_for_long() {
    let rows = Rows::on_postgresql().await;
    let rename = async |tx: &Transaction| merchant::set_template(tx, rows.merchant, Some("{{link}}")).await;
    let (plain, group) = (rows.db.begin().await.unwrap(), rows.db.begin_redoable_group().await.unwrap());
    rename(&plain).await.unwrap();
    let gives_up = timeout(LONG, rename(&group)).await.unwrap().unwrap_err();
    assert_eq!(DbFault::of(&gives_up), DbFault::Busy);
    group.rollback().await.unwrap();
    plain.rollback().await.unwrap();

    // Its process stands still in the middle.
    for db in [rows.db.clone(), rows.db.aside()] {
        let group = db.begin_group().await.unwrap();
        rename(&group).await.unwrap();
        let next = rows.db.begin().await.unwrap();
        timeout(LONG, rename(&next)).await.unwrap().unwrap();
        next.commit().await.unwrap();
        group.commit().await.unwrap_err();
    }
}

on_both_databases! {
    async fn jobs_that_are_claimed_together_are_each_claimed_as_if_alone(rows) {
        let due = enqueued_after(&rows, TimeDelta::zero()).await;
        let later = enqueued_after(&rows, TimeDelta::hours(1)).await;
        let crashed = enqueued_after(&rows, TimeDelta::zero()).await;
        let unknown = JobId::new(now());
        claim_all(rows.db.pool(), &[(crashed, now())]).await.unwrap();

        let asked = [due, later, unknown, crashed, due].map(|job| (job, now()));
        let claims = claim_all(rows.db.pool(), &asked).await.unwrap();
        let [Claim::Ours(first), Claim::NotBefore(at), Claim::Over, Claim::Ours(second), Claim::Over] =
            &claims[..]
        else {
            panic!("{claims:?}");
        };
        assert_eq!((first.job().id, first.job().claims, first.job().crashes), (due, 1, 0));
        assert_eq!((second.job().id, second.job().claims, second.job().crashes), (crashed, 2, 1));
        assert!(*at > now());
    }

    async fn events_that_come_together_are_stored_once_with_a_job_each(rows) {
        let first = store(&rows, &["evt_1", "evt_2", "evt_1"]).await;
        let second = store(&rows, &["evt_2", "evt_3"]).await;
        assert_eq!((first.len(), second.len()), (2, 1));
        for enqueued_job in first.into_iter().chain(second) {
            let job = queue::admin::find(rows.db.pool(), enqueued_job.job).await.unwrap().unwrap();
            let payload: serde_json::Value = serde_json::from_str(&job.payload).unwrap();
            let event: WebhookEventId = payload["event"].as_str().unwrap().parse().unwrap();
            assert!(webhook_event::find(rows.db.pool(), rows.merchant, event).await.unwrap().is_some());
            assert_eq!((job.merchant_id, job.claims), (Some(rows.merchant), 0));
        }
        assert!(webhook_event::store(rows.db.writer(), [], now()).await.unwrap().is_empty());
    }

    async fn jobs_that_are_enqueued_together_are_each_enqueued_as_if_alone(rows) {
        let job = CheckStripeKey { merchant: rows.merchant };
        let later = EnqueueOptions { run_at: Some(now() + TimeDelta::hours(1)), ..EnqueueOptions::default() };
        let ours = EnqueueOptions::for_merchant(rows.merchant);
        let wanted = [ours.clone().unique("a"), later, ours.clone(), ours.clone().unique("a"), ours];
        let drafts = wanted.map(|options| JobDraft::new(&job, options).unwrap());
        let enqueued = enqueue_all(rows.db.pool(), &drafts, now()).await.unwrap();
        let again = enqueue_all(rows.db.pool(), &drafts[..1], now()).await.unwrap();

        assert_eq!((enqueued.len(), again.len()), (4, 0));
        let mut found = Vec::new();
        for job in &enqueued {
            let row = queue::admin::find(rows.db.pool(), job.job).await.unwrap().unwrap();
            assert_eq!(row.run_at, job.run_at);
            found.push((row.dedup_key, row.merchant_id, row.claims));
        }
        let (ours, key) = (Some(rows.merchant), Some("a".to_owned()));
        assert_eq!(found, [(key, ours, 0), (None, None, 0), (None, ours, 0), (None, ours, 0)]);
    }

    async fn links_that_are_moved_together_fare_each_as_if_alone(rows) {
        let mut links = Vec::new();
        for number in 0..4 {
            links.push(unpaid_link(&rows, number).await);
        }
        let (payments, nothing) = (links.iter().map(payment).collect::<Vec<_>>(), StripeFacts::default());
        // Since they were read one was withdrawn, and one was paid.
        rows.advance(&links[1], LinkEvent::VoidRequested, &nothing).await;
        rows.advance(&links[3], LinkEvent::PaymentSucceeded, &payments[3]).await;
        let transitions = [
            LinkTransition { link: &links[0], event: LinkEvent::PaymentSucceeded, facts: &payments[0] },
            LinkTransition { link: &links[1], event: LinkEvent::PaymentSucceeded, facts: &payments[1] },
            LinkTransition { link: &links[2], event: LinkEvent::PaymentPending, facts: &payments[2] },
            LinkTransition { link: &links[2], event: LinkEvent::PaymentFailed, facts: &payments[2] },
            LinkTransition { link: &links[2], event: LinkEvent::PaymentPending, facts: &payments[2] },
            LinkTransition { link: &links[3], event: LinkEvent::VoidRequested, facts: &nothing },
        ];
        let tx = rows.db.begin().await.unwrap();
        let advanced = link::advance_all(&tx, &transitions, now()).await.unwrap();
        tx.commit().await.unwrap();

        let states: Vec<Option<LinkState>> = advanced.iter().map(|advanced| match advanced {
            Advanced::To(link) => Some(link.state),
            Advanced::Unchanged | Advanced::Refused(_) => None,
        }).collect();
        let (paid, unpaid) = (Some(LinkState::Paid), Some(LinkState::Unpaid));
        assert_eq!(states, [paid, paid, Some(LinkState::Processing), unpaid, None, None]);
        assert!(matches!(advanced[4], Advanced::Unchanged), "what has failed is not under way again");
        assert!(matches!(advanced[5], Advanced::Refused(Refusal::Paid)));

        let mut found = Vec::new();
        for link in &links {
            let found_link = link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap();
            let order = order::find(rows.db.pool(), rows.merchant, link.order_id).await.unwrap().unwrap();
            let is_paid = found_link.stripe_session_id == Some(format!("cs_{}", link.id));
            assert_eq!(is_paid, found_link.paid_at.is_some());
            found.push((found_link.state, found_link.review, found_link.failed_sessions, order.tag));
        }
        let failed = Some(format!("cs_{}", links[2].id));
        assert_eq!(found, [
            (LinkState::Paid, None, None, Tag::Paid),
            (LinkState::Paid, Some(Review::PaidAfterVoid), None, Tag::Paid),
            (LinkState::Unpaid, None, failed, Tag::Unpaid),
            (LinkState::Paid, None, None, Tag::Paid),
        ]);
        let timeline = link::timeline(rows.db.pool(), links[2].id).await.unwrap();
        let mut events: Vec<&str> = timeline.iter().map(|entry| entry.event.as_str()).collect();
        events.sort_unstable();
        assert_eq!(events, ["creating", "payment_failed", "processing", "unpaid", "unpaid"]);
    }
}

/// With a query plan that reads the table from end to end a group costs more the more there is in it.
#[tokio::test]
async fn on_sqlite_a_large_group_is_looked_up_row_by_row() {
    let rows = Rows::on_sqlite().await;
    let names: Vec<String> = (0..2_000).map(|number| format!("evt_{number}")).collect();
    for some in names.chunks(250) {
        store(&rows, &some.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    rows.db.pool().execute_unprepared("ANALYZE").await.unwrap();
    let mut group = entity::Rows::new([("event_id", "uuid")]);
    for _ in 0..250 {
        group.push([WebhookEventId::new(now()).into()]);
    }
    let look = "SELECT webhook_event.* FROM v JOIN webhook_event ON id = v.event_id";
    let mut statement = group.statement(DbBackend::Sqlite, look, Vec::new());
    statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");

    let plan = rows.db.pool().query_all_raw(statement).await.unwrap();

    let steps: Vec<String> = plan.iter().map(|step| step.try_get("", "detail").unwrap()).collect();
    assert!(steps.iter().any(|step| step.starts_with("SEARCH webhook_event")), "{steps:?}");
}
