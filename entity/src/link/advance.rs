//! The only place that changes links' states, for any number of links at once.

mod link_change;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use domain::{
    LinkId, LinkState, Money,
    link::{LinkEvent, Refusal, Review},
};

use super::{
    Model,
    compare_and_set::{compare_and_set, reread},
    further_payment::{self, NewPayment},
    payment_fact::{self, PaidBy},
    renewal,
    timeline::{self, NewEntry},
};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    change::{self, ChangeKind},
    order, text_due,
};
pub(super) use link_change::LinkChange;

/// What Stripe reports with an event, kept on the link by the same statement.
#[derive(Debug, Clone, Default)]
pub struct StripeFacts {
    /// `plink_…`
    pub link_id: Option<String>,
    /// Where the buyer pays.
    pub url: Option<String>,
    /// `cs_…`: the session of the payment, if the event is about one.
    pub session: Option<String>,
    /// `pi_…`
    pub payment_intent: Option<String>,
    /// The amount paid, if the currency is supported.
    pub paid: Option<Money>,
    /// Whether the link was made with a live key.
    pub livemode: Option<bool>,
    /// Why the link could not be made, for the merchant to read.
    pub failure: Option<String>,
    /// Why a person should look at the payment, from comparing it with the link.
    pub review: Option<Review>,
    /// Detail for the timeline.
    pub detail: Option<String>,
    /// The holder of the key that caused it, if any.
    pub actor: Option<String>,
}

/// An event of a link.
#[derive(Debug, Clone, Copy)]
pub struct LinkTransition<'a> {
    /// The link as read.
    pub link: &'a Model,
    /// The event.
    pub event: LinkEvent,
    /// What was reported with it.
    pub facts: &'a StripeFacts,
}

/// The outcome of an event.
#[derive(Debug)]
pub enum Advanced {
    /// The link changed its state. It is returned as written.
    To(Box<Model>),
    /// The state stays as it is. Facts of the event may have been kept.
    Unchanged,
    /// The state does not allow the event.
    Refused(Refusal),
}

/// Applies an event to one link: see [`advance_all`].
pub async fn advance(
    tx: &Transaction,
    link: &Model,
    event: LinkEvent,
    facts: &StripeFacts,
    now: DateTime<Utc>,
) -> Result<Advanced, DbErr> {
    let mut advanced = advance_all(tx, &[LinkTransition { link, event, facts }], now).await?;
    advanced.pop().ok_or_else(|| DbErr::Custom("an event of a link was not answered".to_owned()))
}

/// Applies events to links by compare-and-set, and writes the timelines and the orders' tags, with one statement each,
/// however many events there are. Returns the outcomes in order.
///
/// If another writer has changed a link since it was read, its event is judged again from the current state. Several
/// events of one link are applied in order.
pub async fn advance_all<'a>(
    tx: &Transaction,
    transitions: &[LinkTransition<'a>],
    now: DateTime<Utc>,
) -> Result<Vec<Advanced>, DbErr> {
    let mut answers: Vec<Option<Advanced>> = transitions.iter().map(|_| None).collect();
    let mut links: HashMap<LinkId, Cow<'a, Model>> = HashMap::new();
    for transition in transitions {
        links.entry(transition.link.id).or_insert(Cow::Borrowed(transition.link));
    }
    let (mut written, mut again) = (Vec::new(), Vec::new());
    let mut waiting: Vec<usize> = (0..transitions.len()).collect();
    while !waiting.is_empty() {
        let (round, later) = first_of_each_link(transitions, &waiting);
        let mut changes = Vec::new();
        for at in round {
            let LinkTransition { link, event, facts } = transitions[at];
            again.extend(links[&link.id].payment_state().is_paid_again_by(event, facts.session.as_deref()).map(|_| at));
            match LinkChange::judge(at, &transitions[at], links[&link.id].clone(), now) {
                Ok(Some(change)) => changes.push(change),
                Ok(None) => answers[at] = Some(Advanced::Unchanged),
                Err(refusal) => answers[at] = Some(Advanced::Refused(refusal)),
            }
        }
        let won = compare_and_set(tx, &changes).await?;
        let (won, lost): (Vec<LinkChange>, Vec<LinkChange>) =
            changes.into_iter().partition(|change| won.contains(&change.before.id));
        for change in won {
            if !later.is_empty() {
                links.insert(change.after.id, Cow::Owned(change.after.clone()));
            }
            answers[change.at] = Some(change.answer());
            written.push(change);
        }
        for link in reread(tx, lost.iter().map(|change| change.before.id)).await? {
            links.insert(link.id, Cow::Owned(link));
        }
        waiting = lost.iter().map(|change| change.at).chain(later).collect();
        waiting.sort_unstable();
    }
    let again = again.into_iter().map(|at| &transitions[at]);
    let noted = note_payments(tx, &written, again, now).await?;
    write_consequences(tx, &written, noted, now).await?;
    Ok(answers.into_iter().flatten().collect())
}

/// Splits off the first event of each link; the others have to wait for it.
fn first_of_each_link(transitions: &[LinkTransition], waiting: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut seen = HashSet::new();
    waiting.iter().partition(|at| seen.insert(transitions[**at].link.id))
}

/// The consequences of payments for links that are paid already.
struct PaidAgain {
    entries: Vec<NewEntry>,
    matters: Vec<Matter>,
}

/// Keeps payments of links that are paid already, and updates links whose payments' facts arrived before the payments.
/// Returns the timeline entries and what needs a person.
async fn note_payments<'a>(
    tx: &Transaction,
    written: &[LinkChange<'_>],
    again: impl Iterator<Item = &'a LinkTransition<'a>>,
    now: DateTime<Utc>,
) -> Result<PaidAgain, DbErr> {
    let mut payments: BTreeMap<(LinkId, &str), NewPayment> = BTreeMap::new();
    for LinkTransition { link, facts, .. } in again {
        let Some(session) = facts.session.as_deref() else { continue };
        payments.insert(
            (link.id, session),
            NewPayment {
                link,
                session,
                payment_intent: facts.payment_intent.as_deref(),
                money: facts.paid,
                detail: facts.detail.as_deref(),
            },
        );
    }
    let mut before = BTreeMap::new();
    for (link, _) in payments.keys() {
        if !before.contains_key(link) {
            before.insert(*link, payment_fact::known(tx, *link).await?);
        }
    }
    payments.retain(|(link, _), _| before.get(link).is_some_and(|known| known.further.len() < further_payment::MOST));
    let payments: Vec<NewPayment> = payments.into_values().collect();
    let new = further_payment::insert_all(tx, &payments, now).await?;
    before.retain(|link, _| new.iter().any(|payment| payment.link.id == *link));
    let first = written.iter().filter_map(|change| {
        let intent =
            newer(change.before.stripe_payment_intent.as_deref(), change.after.stripe_payment_intent.as_deref())?;
        Some(PaidBy { link: &change.after, payment_intent: intent })
    });
    let on_top = new.iter().filter_map(|new| Some(PaidBy { link: new.link, payment_intent: new.payment_intent? }));
    payment_fact::adopt(tx, &first.chain(on_top).collect::<Vec<_>>(), before, now).await?;
    // The link's review may be old and resolved; this payment is new.
    for payment in &new {
        tx.changed(change::Change::link(ChangeKind::LinkReview, payment.link, now));
    }
    let why = || Some(Review::AmountMismatch.to_string());
    Ok(PaidAgain {
        entries: new.iter().map(|new| new.entry()).collect(),
        matters: new.iter().map(|new| Matter::of_link(new.link, AttentionKind::Review, why())).collect(),
    })
}

fn newer<'a>(before: Option<&str>, after: Option<&'a str>) -> Option<&'a str> {
    after.filter(|_| before != after)
}

/// Writes the consequences of the changes: the feed, the orders' tags, the timelines, what needs a person, and the due
/// texts.
async fn write_consequences(
    tx: &Transaction,
    written: &[LinkChange<'_>],
    again: PaidAgain,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let PaidAgain { mut entries, matters } = again;
    entries.extend(written.iter().flat_map(LinkChange::entries));
    for LinkChange { before, after, .. } in written {
        tx.changed(if after.state == before.state {
            change::Change::link(ChangeKind::LinkUpdated, after, now)
        } else {
            change::Change::of_state(after, now)
        });
        if after.review != before.review {
            tx.changed(change::Change::link(ChangeKind::LinkReview, after, now));
        }
    }
    renewal::withdraw(tx, written).await?;
    let moved = written.iter().filter(|change| change.moved());
    order::refresh_tags(tx, moved.map(|change| &change.after), now).await?;
    for change in written.iter().filter(|change| change.moved() && change.before.state == LinkState::Paid) {
        order::take_back_paid(tx, &change.after, now).await?;
    }
    timeline::insert_all(tx, &entries, now).await?;
    let closed = written.iter().filter(|change| change.is_closed()).map(|change| &change.after);
    attention::resolve_closed(tx, closed, now).await?;
    attention::open(tx, written.iter().filter_map(LinkChange::matter).chain(matters).collect(), now).await?;
    let moved = written.iter().filter(|change| change.moved());
    text_due::note_all(tx, moved.map(|change| &change.after), now).await
}
