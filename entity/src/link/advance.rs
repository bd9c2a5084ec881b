//! The one place that changes the states of links, many at a time; a single link is a group of one.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use domain::{
    LinkId, LinkState, Money,
    link::{Judged, LinkEvent, Refusal, Review},
};

use super::{
    Model,
    compare_and_set::{compare_and_set, reread},
    facts::{self, PaidBy},
    further::{self, NewPayment},
    renewal,
    timeline::{self, NewEntry},
};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    change::{self, ChangeKind},
    order, text_due,
};

/// What Stripe told along with an event, to be kept on the link in the same statement.
#[derive(Debug, Clone, Default)]
pub struct StripeFacts {
    /// `plink_…`
    pub link_id: Option<String>,
    /// Where the buyer pays.
    pub url: Option<String>,
    /// `cs_…`: the session that the event is about, if it is about a payment.
    pub session: Option<String>,
    /// `pi_…`
    pub payment_intent: Option<String>,
    /// What was paid, if it is in a currency of ours.
    pub paid: Option<Money>,
    /// Whether the link is a live one.
    pub livemode: Option<bool>,
    /// Why it could not be made, in words for the merchant.
    pub failure: Option<String>,
    /// What a person should look at, found by comparing the payment with the link.
    pub review: Option<Review>,
    /// More for the timeline.
    pub detail: Option<String>,
    /// Who did it, if it was somebody with a key.
    pub actor: Option<String>,
}

/// An event that happened to a link.
#[derive(Debug, Clone, Copy)]
pub struct Transition<'a> {
    /// The link, as it was read.
    pub link: &'a Model,
    /// What happened to it.
    pub event: LinkEvent,
    /// What was told along with it.
    pub facts: &'a StripeFacts,
}

/// What became of an event.
#[derive(Debug)]
pub enum Advanced {
    /// The link is in another state now: as it was read, with what was written.
    To(Box<Model>),
    /// The event left the state as it is; what it told beside may have been kept.
    Unchanged,
    /// The state does not allow it.
    Refused(Refusal),
}

/// Applies `event` to the link: a group of one, see [`advance_all`].
///
/// # Errors
/// When the database does not answer.
pub async fn advance(
    tx: &Transaction,
    link: &Model,
    event: LinkEvent,
    facts: &StripeFacts,
    now: DateTime<Utc>,
) -> Result<Advanced, DbErr> {
    let mut advanced = advance_all(tx, &[Transition { link, event, facts }], now).await?;
    advanced.pop().ok_or_else(|| DbErr::Custom("an event of a link was not answered".to_owned()))
}

/// Applies events to links by compare-and-set on what they were judged by, writes the timelines and the orders' tags: each with one
/// statement, however many there are. Answers each event, in their order.
///
/// Another writer may have moved a link since it was read; then its event is judged again from where the link is now. Several events of
/// one link are applied in their order.
///
/// # Errors
/// When the database does not answer.
pub async fn advance_all<'a>(
    tx: &Transaction,
    transitions: &[Transition<'a>],
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
            let Transition { link, event, facts } = transitions[at];
            again.extend(links[&link.id].payment_state().is_paid_again_by(event, facts.session.as_deref()).map(|_| at));
            match Change::judge(at, &transitions[at], links[&link.id].clone(), now) {
                Ok(Some(change)) => changes.push(change),
                Ok(None) => answers[at] = Some(Advanced::Unchanged),
                Err(refusal) => answers[at] = Some(Advanced::Refused(refusal)),
            }
        }
        let won = compare_and_set(tx, &changes).await?;
        let (won, lost): (Vec<Change>, Vec<Change>) =
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

/// Those that can be written in one statement, and those that have to wait for them.
fn first_of_each_link(transitions: &[Transition], waiting: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut seen = HashSet::new();
    waiting.iter().partition(|at| seen.insert(transitions[**at].link.id))
}

/// What an event changes of a link.
#[derive(Debug)]
pub(super) struct Change<'a> {
    /// Which of the events.
    at: usize,
    pub(super) before: Cow<'a, Model>,
    pub(super) after: Model,
    judged: Judged,
    facts: &'a StripeFacts,
}

impl<'a> Change<'a> {
    /// What the event makes of the link; `None` if that is nothing.
    fn judge(
        at: usize,
        transition: &Transition<'a>,
        link: Cow<'a, Model>,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Refusal> {
        let facts = transition.facts;
        let judged = link.payment_state().on(transition.event, facts.session.as_deref())?;
        let after = after(&link, &judged, facts, now);
        let is_news = after != *link;
        Ok(is_news.then_some(Self { at, before: link, after, judged, facts }))
    }

    fn answer(&self) -> Advanced {
        if self.moved() { Advanced::To(Box::new(self.after.clone())) } else { Advanced::Unchanged }
    }

    /// Whether nobody waits for its payment any more.
    fn is_closed(&self) -> bool {
        self.moved() && has_ended(self.after.state)
    }

    /// What a person has to look at, if anything.
    fn matter(&self) -> Option<Matter> {
        let (before, after) = (&self.before, &self.after);
        if let Some(review) = after.review.filter(|review| before.review != Some(*review)) {
            return Some(Matter::of_link(after, AttentionKind::Review, Some(review.to_string())));
        }
        let has_failed = self.moved() && after.state == LinkState::Failed;
        has_failed.then(|| Matter::of_link(after, AttentionKind::LinkFailed, None))
    }

    fn moved(&self) -> bool {
        self.after.state != self.before.state
    }

    /// What is written into the timeline of it, for the merchant to read.
    fn entries(&self) -> Vec<NewEntry> {
        let (before, after) = (self.before.payment_state(), &self.judged.after);
        let entry = |event: &'static str, detail: Option<String>| NewEntry {
            actor: self.facts.actor.clone(),
            ..NewEntry::new(self.before.id, event, detail)
        };
        let detail = || self.facts.detail.clone();
        let mut entries = Vec::new();
        let has_failed = after.failed != before.failed;
        if has_failed {
            entries.push(entry("payment_failed", detail()));
        }
        if self.moved() {
            entries.push(entry(after.state.as_str(), detail().filter(|_| !has_failed)));
        }
        if before.state == LinkState::Voiding && after.state == LinkState::Paid {
            let why = "The buyer paid before Stripe had closed the link, so it could not be voided.";
            entries.push(entry("void_refused", Some(why.to_owned())));
        }
        for review in reviews(&self.judged, self.facts) {
            entries.push(entry("review", Some(format!("{review}: {}", review.sentence()))));
        }
        entries
    }
}

/// Whether nobody waits for a payment of such a link any more, nor for it to be closed.
const fn has_ended(state: LinkState) -> bool {
    match state {
        LinkState::Paid | LinkState::Voided | LinkState::Expired => true,
        LinkState::Creating
        | LinkState::Failed
        | LinkState::Unpaid
        | LinkState::Processing
        | LinkState::Voiding
        | LinkState::Expiring
        | LinkState::Settling => false,
    }
}

/// The link with everything that is to be written.
fn after(from: &Model, judged: &Judged, facts: &StripeFacts, now: DateTime<Utc>) -> Model {
    let (before, to) = (from.payment_state(), &judged.after);
    let moved = to.state != before.state;
    // A payment's facts belong to the event that moved the link; the link's own are told once and for all.
    let payment_is_news = moved || from.stripe_payment_intent.is_none();
    let review = reviews(judged, facts)
        .next()
        .filter(|review| from.review.is_none() || (judged.review == Some(*review) && from.review != Some(*review)));
    let mut after = from.clone();
    after.state = to.state;
    after.stripe_session_id.clone_from(&to.session);
    if to.failed != before.failed {
        after.failed_sessions = to.failed_lines();
    }
    if moved {
        // What leads out of `paid` takes a payment elsewhere back.
        after.paid_at = (to.state == LinkState::Paid).then_some(now);
    }
    after.review = review.or(from.review);
    after.stripe_link_id = after.stripe_link_id.or_else(|| facts.link_id.clone());
    after.stripe_url = after.stripe_url.or_else(|| facts.url.clone());
    after.livemode = after.livemode.or(facts.livemode);
    if payment_is_news && facts.payment_intent.is_some() {
        after.stripe_payment_intent.clone_from(&facts.payment_intent);
    }
    if has_ended(to.state) {
        // Whatever kept it from getting on does so no more.
        after.failure = None;
    } else if moved && facts.failure.is_some() {
        after.failure.clone_from(&facts.failure);
    }
    // What was made at Stripe can be paid once, and this was that once.
    let is_of_current = facts.link_id.is_none() || facts.link_id == after.stripe_link_id;
    if to.failed != before.failed && to.state == LinkState::Unpaid && is_of_current && after.stripe_url.is_some() {
        return after.without_used_up();
    }
    after
}

/// What a person should look at, the reason that says most first: paid too late says more than paid wrongly.
fn reviews(judged: &Judged, facts: &StripeFacts) -> impl Iterator<Item = Review> {
    let found = facts.review.filter(|_| judged.after.state == LinkState::Paid && judged.review != facts.review);
    judged.review.into_iter().chain(found)
}

/// What follows from payments of links that are paid already.
struct PaidAgain {
    entries: Vec<NewEntry>,
    matters: Vec<Matter>,
}

/// Keeps payments of links that are paid already, and shows on links what was told of their payments before these were known; answers
/// what the timelines say of it, and what a person has to look at.
async fn note_payments<'a>(
    tx: &Transaction,
    written: &[Change<'_>],
    again: impl Iterator<Item = &'a Transition<'a>>,
    now: DateTime<Utc>,
) -> Result<PaidAgain, DbErr> {
    let mut payments: BTreeMap<(LinkId, &str), NewPayment> = BTreeMap::new();
    for Transition { link, facts, .. } in again {
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
    let payments: Vec<NewPayment> = payments.into_values().collect();
    let mut before = BTreeMap::new();
    for payment in &payments {
        before.insert(payment.link.id, facts::known(tx, payment.link.id).await?);
    }
    let new = further::insert_all(tx, &payments, now).await?;
    before.retain(|link, _| new.iter().any(|payment| payment.link.id == *link));
    let first = written.iter().filter_map(|change| {
        let intent =
            news(change.before.stripe_payment_intent.as_deref(), change.after.stripe_payment_intent.as_deref())?;
        Some(PaidBy { link: &change.after, payment_intent: intent })
    });
    let on_top = new.iter().filter_map(|new| Some(PaidBy { link: new.link, payment_intent: new.payment_intent? }));
    facts::adopt(tx, &first.chain(on_top).collect::<Vec<_>>(), before, now).await?;
    // What the link says to be looked at may have been there before, and been seen to: this payment was not.
    for payment in &new {
        tx.changed(change::Change::link(ChangeKind::LinkReview, payment.link, now));
    }
    let why = || Some(Review::AmountMismatch.to_string());
    Ok(PaidAgain {
        entries: new.iter().map(|new| new.entry()).collect(),
        matters: new.iter().map(|new| Matter::of_link(new.link, AttentionKind::Review, why())).collect(),
    })
}

fn news<'a>(before: Option<&str>, after: Option<&'a str>) -> Option<&'a str> {
    after.filter(|_| before != after)
}

/// Writes what follows from the changes: the feed, the orders' tags, the timelines, what needs a person, and the texts that are due.
async fn write_consequences(
    tx: &Transaction,
    written: &[Change<'_>],
    again: PaidAgain,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let PaidAgain { mut entries, matters } = again;
    entries.extend(written.iter().flat_map(Change::entries));
    for Change { before, after, .. } in written {
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
    attention::open(tx, written.iter().filter_map(Change::matter).chain(matters).collect(), now).await?;
    let moved = written.iter().filter(|change| change.moved());
    text_due::note_all(tx, moved.map(|change| &change.after), now).await
}
