//! The auditor: checks from outside, in the database, Redis and the sandbox, that everything accepted was done.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use domain::{LinkId, LinkState, MerchantId, link::Dispute, message::MessageStatus};
use entity::{
    Db,
    attention::{self, Attention, AttentionKind, AttentionSearch},
    job::{Column, Entity, Job, JobState},
    link, merchant, message, order,
    summary::Summary,
};
use queue::{Kind, admin::JobFilter};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    accepted::{Accepted, AcceptedLink, invoice_of},
    cluster::Cluster,
    outbox::Outbox,
};
use crate::{
    rows::{link_by_link, sums},
    support::{CountKeys, Database, Merchant, Sandbox, eventually},
};

/// The audited installation, apart from what was accepted.
pub(crate) struct Books<'a> {
    pub(crate) db: Db,
    pub(crate) merchant: MerchantId,
    pub(crate) world: &'a Sandbox,
    /// The answer to a commit may have been lost, as the database was harmed: see [`Outbox`].
    pub(crate) commits_were_lost: bool,
}

/// Waits until nothing is left to do, then checks that
/// - every 2xx has its row, and each row has reached an end; no job is dead, but for `dead` of them, which an operator
///   sees;
/// - each effect happened once: one payment link at Stripe for each of ours, none that can still be paid though it is
///   voided, none paid that is not `paid`; what is shown to have gone back or to be contested is what Stripe says; one
///   text for each message that was sent and paid for, none for one of which nobody knows or that was taken back, and
///   no other;
/// - what needs a person is what it has to be: disputes that were lost, texts of which nobody knows, and nothing else;
/// - each invoice is read as it was uploaded;
/// - a copy that was made from the feed of changes meanwhile is what the calls say, and so is one made of webhooks, if
///   there is one;
/// - every balance equals its ledger, and the sums of links are what they come to;
/// - Redis holds nothing any more, and nobody panicked or told what must not be told.
pub(crate) async fn audit(cluster: &Cluster, accepted: &Accepted, dead: usize) {
    audit_with(cluster, &cluster.redis, accepted, dead).await;
}

/// The same with a Redis that the test brought.
pub(crate) async fn audit_with(cluster: &Cluster, redis: &impl CountKeys, accepted: &Accepted, dead: usize) {
    let (db, world) = (open(&cluster.database).await, cluster.world());
    let merchant = cluster.merchant.id.parse().unwrap();
    let books = Books { db, merchant, world: &world, commits_were_lost: cluster.commits_were_lost };
    if let Some(copy) = &cluster.webhooks {
        copy.catches_up().await;
    }
    are_in_order(&books, accepted, dead).await;
    invoices_are_as_uploaded(&cluster.merchant, accepted).await;
    cluster.mirror().await.is_perfect().await;
    if let Some(copy) = &cluster.webhooks {
        copy.is_perfect().await;
    }
    let ledger = cluster.runs(&["merchant", "audit"]);
    assert!(ledger.status.success(), "the ledger does not add up: {ledger:?}");
    if jobs(&books.db, JobState::Queued).await.is_empty() {
        eventually("Redis holds nothing any more", async || (redis.keys() == 0).then_some(())).await;
    }
    let log = cluster.log();
    assert!(!log.contains("panicked"), "somebody panicked");
    assert_eq!(cluster.hush.slip_in(&log), None, "the log says what it must not");
}

/// The same, as far as the database, Stripe and the carrier tell it.
pub(crate) async fn are_in_order(books: &Books<'_>, accepted: &Accepted, dead: usize) {
    books.world.has_told_everything().await;
    is_at_rest(books).await;
    // What a tick does every few seconds: a dispute, or a refund, and its payment may have become known at the same
    // moment.
    link::adopt_early(&books.db, Utc::now() - TimeDelta::hours(1), Utc::now()).await.unwrap();
    assert_eq!(jobs(&books.db, JobState::Dead).await.len(), dead, "{:?}", jobs(&books.db, JobState::Dead).await);
    effects(books, accepted).await;
    sums_are_right(books).await;
    if dead == 0 {
        matters(books, accepted).await;
    }
}

/// A summary equals the sums of the links.
async fn sums_are_right(books: &Books<'_>) {
    let owner = merchant::get(books.db.pool(), books.merchant).await.unwrap();
    let last = owner.day_of(Utc::now()) + TimeDelta::days(1);
    let first = last - TimeDelta::days(300);
    let [summed, links] = [
        sums::summed(&books.db, &owner, first, last).await,
        link_by_link::looked_through(&books.db, &owner, first, last).await,
    ]
    .map(|sums| {
        let without_median = |sum: Summary| Summary { median_seconds_to_pay: None, ..sum };
        sums.into_iter().map(without_median).collect::<Vec<_>>()
    });
    assert_eq!(summed, links, "the sums of links are not what they come to");
}

/// What needs a person. A text of which nobody knows is told once it was looked for in vain, which the test does not
/// wait for. A refund that failed is told until another is made, which Stripe may have told before.
async fn matters(books: &Books<'_>, accepted: &Accepted) {
    let everything = AttentionSearch { limit: 1_000_000, ..AttentionSearch::default() };
    let open = attention::search(books.db.pool(), books.merchant, everything).await.unwrap();
    let (disputes, others): (Vec<Attention>, Vec<Attention>) =
        open.into_iter().partition(|matter| matter.kind == AttentionKind::Dispute);
    let told: BTreeSet<(String, Option<String>)> =
        disputes.iter().map(|matter| (matter.subject.clone(), matter.reason.clone())).collect();
    let lost = accepted.links.iter().filter(|link| link.dispute == Some(Dispute::Lost));
    let lost: BTreeSet<(String, Option<String>)> =
        lost.map(|link| (link.id.clone(), Some("lost".to_owned()))).collect();
    assert_eq!((told.len(), told), (disputes.len(), lost), "disputes that need a person");
    for matter in others {
        if matter.reason.as_deref() == Some("refund_failed") {
            let given_back = accepted.links.iter().any(|link| link.id == matter.subject && link.refunded.is_some());
            assert!(given_back, "{matter:?} is of a link of which no refund failed");
            continue;
        }
        assert_eq!(matter.kind, AttentionKind::TextNotDelivered, "{matter:?} needs a person");
        let id = matter.message_id.unwrap();
        let text = message::find(books.db.pool(), books.merchant, id).await.unwrap().unwrap();
        assert_eq!(text.status, MessageStatus::Unknown, "{matter:?} of {text:?}");
    }
}

/// Each link's invoice is what was uploaded for it, or a details page.
pub(crate) async fn invoices_are_as_uploaded(merchant: &Merchant, accepted: &Accepted) {
    for link in &accepted.links {
        let read = merchant.http.get(&format!("/v1/payment-links/{}/invoice", link.id)).await.with_status(200);
        match link.invoice {
            Some(number) => assert!(read.body == invoice_of(number), "{link:?} has another invoice"),
            None => assert!(read.body.starts_with(b"%PDF-"), "{link:?} has no details page"),
        }
    }
}

/// Opens the database as one more client of it.
pub(crate) async fn open(database: &Database) -> Db {
    match database {
        Database::Postgresql { url } => Db::open(url, 2).await.unwrap(),
        Database::Sqlite => unreachable!("roles apart need a server"),
    }
}

/// All that was accepted has its row, which has reached an end, and its effect, once.
pub(crate) async fn effects(books: &Books<'_>, accepted: &Accepted) {
    for order in &accepted.orders {
        let row = order::find(books.db.pool(), books.merchant, order.parse().unwrap()).await.unwrap();
        assert!(row.is_some(), "{order} was accepted and is not there");
    }
    let at_stripe = books.world.knows("counts?key=paylink_link").await["payment_links_by_metadata"].clone();
    for link in &accepted.links {
        let (total, live) = (&at_stripe[&link.id]["total"], &at_stripe[&link.id]["live"]);
        let row = link_row(books, link).await;
        let state = row.state;
        let what = format!("{link:?} is {state}, with {total} at Stripe of which {live} can be paid");
        assert_eq!((row.refunded, row.dispute), (link.refunded, link.dispute), "{what}");
        assert_eq!(row.dispute_word(), link.dispute.map(Dispute::as_str), "{what}");
        assert_eq!(total, 1, "{what}");
        assert!(is_kept(link, state) && (live == 1) == (state == LinkState::Unpaid), "{what}");
    }
    Outbox::of(books.world).await.is_as_accepted(books, &accepted.texts).await;
}

async fn is_at_rest(books: &Books<'_>) {
    let at_rest = async || {
        let mut left = jobs(&books.db, JobState::Queued).await;
        // For a webhook that was refused, and was sent again before its time.
        left.retain(|job| !(is_of_webhooks(job) && job.run_at > Utc::now()));
        if left.iter().all(|job| job.kind == Kind::SendSms.as_str()) {
            let outbox = Outbox::of(books.world).await;
            while let Some(job) = left.pop() {
                if !outbox.can_say_nothing_of(books, &job).await {
                    return None;
                }
            }
        }
        left.is_empty().then_some(())
    };
    eventually("no job is left", at_rest).await;
}

fn is_of_webhooks(job: &Job) -> bool {
    [Kind::DeliverWebhooks, Kind::RetryWebhooks].map(Kind::as_str).contains(&job.kind.as_str())
}

/// The jobs in this state, those without a row, too.
async fn jobs(db: &Db, state: JobState) -> Vec<Job> {
    let filter = JobFilter { state: Some(state), limit: 100_000, ..JobFilter::default() };
    queue::admin::first(db.pool(), &filter).await.unwrap()
}

/// The jobs of a kind.
pub(crate) async fn jobs_in_any_state(db: &Db, kind: Kind) -> Vec<Job> {
    Entity::find().filter(Column::Kind.eq(kind.as_str())).all(db.pool()).await.unwrap()
}

/// The jobs of a kind that are in this state.
pub(crate) async fn jobs_of(db: &Db, kind: Kind, state: JobState) -> Vec<Job> {
    let jobs = Entity::find().filter(Column::Kind.eq(kind.as_str())).filter(Column::State.eq(state));
    jobs.all(db.pool()).await.unwrap()
}

async fn link_row(books: &Books<'_>, link: &AcceptedLink) -> link::Model {
    let id: LinkId = link.id.parse().unwrap();
    let row = link::find(books.db.pool(), books.merchant, id).await.unwrap();
    row.unwrap_or_else(|| panic!("{link:?} was accepted and is not there"))
}

/// Whether this is an end that a link may have come to.
fn is_kept(link: &AcceptedLink, state: LinkState) -> bool {
    match state {
        LinkState::Paid => link.paid || link.elsewhere,
        LinkState::Voided => link.voided && !link.paid,
        LinkState::Unpaid => !link.voided && !link.paid && !link.elsewhere,
        LinkState::Creating
        | LinkState::Failed
        | LinkState::Processing
        | LinkState::Voiding
        | LinkState::Expiring
        | LinkState::Expired
        | LinkState::Settling => false,
    }
}
