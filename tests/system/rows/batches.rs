use std::collections::HashSet;

use chrono::TimeDelta;
use domain::{JobId, LinkId, LinkState, WebhookEventId, link::LinkEvent};
use entity::{
    link::{self, PlainPayment, StripeFacts},
    order::{self, Tag},
    webhook_event::{NewEvent, Source},
};
use queue::{
    CheckStripeKey, Claim, EnqueueOptions, EnqueuedJob, JobDraft, ProcessStripeEvent, claim_all, enqueue, store_all,
};
use sea_orm::{ConnectionTrait, DbBackend};

use super::{Rows, now, on_both_databases};

async fn promised_after(rows: &Rows, wait: TimeDelta) -> JobId {
    let job = CheckStripeKey { merchant: rows.merchant };
    let wanted = EnqueueOptions { run_at: Some(now() + wait), ..EnqueueOptions::for_merchant(rows.merchant) };
    enqueue(rows.db.pool(), &job, wanted, now()).await.unwrap().unwrap().job
}

/// What Stripe calls `name`, and its job.
fn event(rows: &Rows, name: &str) -> (NewEvent, JobDraft) {
    let (id, merchant) = (WebhookEventId::new(now()), rows.merchant);
    let new = NewEvent {
        id,
        merchant_id: merchant,
        source: Source::Stripe,
        external_id: name.to_owned(),
        kind: "checkout.session.completed".to_owned(),
        payload: "{}".to_owned(),
    };
    (new, JobDraft::new(merchant, &ProcessStripeEvent { merchant, event: id }).unwrap())
}

async fn store(rows: &Rows, names: &[&str]) -> Vec<EnqueuedJob> {
    let group: Vec<_> = names.iter().map(|name| event(rows, name)).collect();
    store_all(&rows.db, group.iter().map(|(event, draft)| (event, draft)), now()).await.unwrap()
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
    link::advance(rows.db.pool(), &made, LinkEvent::Created, &facts, now()).await.unwrap();
    link::find(rows.db.pool(), rows.merchant, made.id).await.unwrap().unwrap()
}

/// The payment of a link by a session of its own.
fn payment(link: &link::Model) -> PlainPayment {
    let facts = StripeFacts {
        session: Some(format!("cs_{}", link.id)),
        payment_intent: Some(format!("pi_{}", link.id)),
        ..StripeFacts::default()
    };
    PlainPayment::of(link, LinkEvent::PaymentSucceeded, &facts, now()).unwrap()
}

on_both_databases! {
    async fn jobs_that_are_claimed_together_are_each_claimed_as_if_alone(rows) {
        let due = promised_after(&rows, TimeDelta::zero()).await;
        let later = promised_after(&rows, TimeDelta::hours(1)).await;
        let crashed = promised_after(&rows, TimeDelta::zero()).await;
        let unknown = JobId::new(now());
        claim_all(rows.db.pool(), &[(crashed, now())]).await.unwrap();

        let asked = [due, later, unknown, crashed, due].map(|job| (job, now()));
        let claims = claim_all(rows.db.pool(), &asked).await.unwrap();
        let [Claim::Ours(first), Claim::NotBefore(at), Claim::Over, Claim::Ours(second), Claim::Over] =
            &claims[..]
        else {
            panic!("{claims:?}");
        };
        assert_eq!((first.job().id, first.job().attempt, first.job().crashes), (due, 1, 0));
        assert_eq!((second.job().id, second.job().attempt, second.job().crashes), (crashed, 2, 1));
        assert!(*at > now());
    }

    async fn events_that_come_together_are_stored_once_with_a_job_each(rows) {
        let first = store(&rows, &["evt_1", "evt_2", "evt_1"]).await;
        let second = store(&rows, &["evt_2", "evt_3"]).await;
        assert_eq!((first.len(), second.len()), (2, 1));
        for enqueued_job in first.into_iter().chain(second) {
            let job = queue::admin::find(rows.db.pool(), enqueued_job.job).await.unwrap().unwrap();
            assert_eq!((job.merchant_id, job.attempt), (Some(rows.merchant), 0));
        }
        assert!(store(&rows, &[]).await.is_empty());
    }

    async fn links_that_are_paid_together_are_paid_each_with_its_own_session(rows) {
        let mut links = Vec::new();
        for number in 0..3 {
            links.push(unpaid_link(&rows, number).await);
        }
        let payments: Vec<PlainPayment> = links.iter().map(payment).collect();
        link::advance(rows.db.pool(), &links[1], LinkEvent::VoidRequested, &StripeFacts::default(), now()).await.unwrap();
        let paid = link::pay_all(rows.db.pool(), &payments, now()).await.unwrap();
        assert_eq!(paid, HashSet::<LinkId>::from([links[0].id, links[2].id]), "one was moved meanwhile");
        for (link, state, tag) in [
            (&links[0], LinkState::Paid, Tag::Paid),
            (&links[1], LinkState::Voiding, Tag::Unpaid),
            (&links[2], LinkState::Paid, Tag::Paid),
        ] {
            let found = link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap();
            let session = (state == LinkState::Paid).then(|| format!("cs_{}", link.id));
            assert_eq!((found.state, found.stripe_session_id), (state, session));
            let order = order::find(rows.db.pool(), rows.merchant, link.order_id).await.unwrap().unwrap();
            assert_eq!(order.tag, tag);
        }
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
