//! What an event changes in a link.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::{
    LinkState,
    link::{Judged, Refusal, Review},
};

use super::{Advanced, LinkTransition, StripeFacts};
use crate::{
    attention::{AttentionKind, Matter},
    link::{Model, timeline::NewEntry, timeline_event::TimelineEvent},
};

/// What an event changes in a link.
#[derive(Debug)]
pub(in crate::link) struct LinkChange<'a> {
    /// The index of the event.
    pub(super) at: usize,
    pub(in crate::link) before: Cow<'a, Model>,
    pub(in crate::link) after: Model,
    judged: Judged,
    pub(super) facts: &'a StripeFacts,
}

impl<'a> LinkChange<'a> {
    /// Computes the change; `None` if nothing changes.
    pub(super) fn judge(
        at: usize,
        transition: &LinkTransition<'a>,
        link: Cow<'a, Model>,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Refusal> {
        let facts = transition.facts;
        let judged = link.payment_state().on(transition.event, facts.session.as_deref())?;
        let after = after(&link, &judged, facts, now);
        let is_news = after != *link;
        Ok(is_news.then_some(Self { at, before: link, after, judged, facts }))
    }

    pub(super) fn answer(&self) -> Advanced {
        if self.moved() { Advanced::To(Box::new(self.after.clone())) } else { Advanced::Unchanged }
    }

    /// Whether the link is no longer waiting for a payment.
    pub(super) fn is_closed(&self) -> bool {
        self.moved() && has_ended(self.after.state)
    }

    /// What needs a person, if anything.
    pub(super) fn matter(&self) -> Option<Matter> {
        let (before, after) = (&self.before, &self.after);
        if let Some(review) = after.review.filter(|review| before.review != Some(*review)) {
            return Some(Matter::of_link(after, AttentionKind::Review, Some(review.to_string())));
        }
        let has_failed = self.moved() && after.state == LinkState::Failed;
        has_failed.then(|| Matter::of_link(after, AttentionKind::LinkFailed, None))
    }

    pub(super) fn moved(&self) -> bool {
        self.after.state != self.before.state
    }

    /// The entries for the timeline.
    pub(super) fn entries(&self) -> Vec<NewEntry> {
        let (before, after) = (self.before.payment_state(), &self.judged.after);
        let entry = |event: TimelineEvent, detail: Option<String>| NewEntry {
            actor: self.facts.actor.clone(),
            ..NewEntry::new(self.before.id, event, detail)
        };
        let detail = || self.facts.detail.clone();
        let mut entries = Vec::new();
        let has_failed = after.failed != before.failed;
        if has_failed {
            entries.push(entry(TimelineEvent::PaymentFailed, detail()));
        }
        if self.moved() {
            entries.push(entry(TimelineEvent::of_state(after.state), detail().filter(|_| !has_failed)));
        }
        if before.state == LinkState::Voiding && after.state == LinkState::Paid {
            let why = "The buyer paid before Stripe had closed the link, so it could not be voided.";
            entries.push(entry(TimelineEvent::VoidRefused, Some(why.to_owned())));
        }
        for review in reviews(&self.judged, self.facts) {
            entries.push(entry(TimelineEvent::Review, Some(format!("{review}: {}", review.sentence()))));
        }
        entries
    }
}

/// Whether a link in this state waits neither for a payment nor for being closed.
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

/// The link with all changes.
fn after(from: &Model, judged: &Judged, facts: &StripeFacts, now: DateTime<Utc>) -> Model {
    let (before, to) = (from.payment_state(), &judged.after);
    let moved = to.state != before.state;
    // A payment's facts belong to the event that moved the link; facts about the link itself are set once.
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
        // Leaving `paid` means that a payment elsewhere is taken back.
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
        // The state has changed, so the failure is over.
        after.failure = None;
    } else if moved && facts.failure.is_some() {
        after.failure.clone_from(&facts.failure);
    }
    // What was made at Stripe can be paid once, and has been.
    let is_of_current = facts.link_id.is_none() || facts.link_id == after.stripe_link_id;
    if to.failed != before.failed && to.state == LinkState::Unpaid && is_of_current && after.stripe_url.is_some() {
        return after.without_used_up();
    }
    after
}

/// Why a person should look at the payment, most important first: late is worse than a wrong amount.
fn reviews(judged: &Judged, facts: &StripeFacts) -> impl Iterator<Item = Review> {
    let found = facts.review.filter(|_| judged.after.state == LinkState::Paid && judged.review != facts.review);
    judged.review.into_iter().chain(found)
}
