//! Disputes of payments. Shown here, answered at Stripe.

use chrono::{DateTime, Utc};
use sea_orm::DbErr;

use super::{
    Model,
    payment_fact::{FactKind, KnownFacts, PaymentFact},
    timeline::NewEntry,
    timeline_event::TimelineEvent,
};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
};
use domain::link::{
    Dispute, DisputeDetail,
    disputes::{due, is_inquiry},
};

impl Model {
    /// Stripe's status of the dispute; `None` if an earlier version has changed the dispute since.
    #[must_use]
    pub fn dispute_word(&self) -> Option<&str> {
        self.dispute_status.as_deref().filter(|word| self.dispute == Some(Dispute::from_stripe(word)))
    }

    /// Whether the buyer's bank only asks about the payment so far: no money was taken.
    #[must_use]
    pub fn is_asked_about(&self) -> bool {
        self.dispute == Some(Dispute::Open) && self.dispute_word().is_some_and(is_inquiry)
    }

    /// Until when the dispute has to be answered at Stripe; `None` once it is answered or over.
    #[must_use]
    pub fn dispute_due(&self) -> Option<DateTime<Utc>> {
        due(self.dispute_word(), self.respond_by)
    }
}

/// What the timeline tells of a dispute: its state, and whether it is an inquiry, so that an inquiry that becomes a
/// chargeback is told too.
fn told(fact: &PaymentFact) -> (Dispute, bool) {
    (Dispute::from_stripe(&fact.status), is_inquiry(&fact.status))
}

/// Disputes whose state is new.
fn changed<'a>(before: &'a KnownFacts, after: &'a KnownFacts) -> impl Iterator<Item = (&'a PaymentFact, Dispute)> {
    disputes(&after.facts).filter(move |(fact, _)| {
        let known = disputes(&before.facts).find(|(known, _)| known.id == fact.id);
        known.map(|(known, _)| told(known)) != Some(told(fact))
    })
}

/// Whether there is something new to answer: another dispute, or an inquiry that became a chargeback.
pub(super) fn needs_answer(before: &KnownFacts, after: &KnownFacts) -> bool {
    changed(before, after).any(|(_, stands)| !stands.is_decided())
}

fn disputes(facts: &[PaymentFact]) -> impl Iterator<Item = (&PaymentFact, Dispute)> {
    let disputes = facts.iter().filter(|fact| fact.kind == FactKind::Dispute);
    disputes.map(|fact| (fact, Dispute::from_stripe(&fact.status)))
}

/// The dispute shown on a link: the gravest; of equals, the one opened last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ShownDispute {
    pub(super) stands: Option<Dispute>,
    pub(super) opened_at: Option<DateTime<Utc>>,
    /// Stripe's status.
    pub(super) word: Option<String>,
    /// Until when it can be answered.
    pub(super) respond_by: Option<DateTime<Utc>>,
}

impl ShownDispute {
    /// The dispute to show, given the facts.
    pub(super) fn of(facts: &[PaymentFact]) -> Self {
        let gravest =
            disputes(facts).max_by_key(|(fact, stands)| (stands.weight(&fact.status), fact.made_at, &fact.id));
        gravest.map_or_else(Self::default, |(fact, stands)| Self {
            stands: Some(stands),
            opened_at: Some(fact.made_at),
            word: Some(fact.status.clone()),
            respond_by: fact.respond_by,
        })
    }

    /// The dispute that the link shows now.
    pub(super) fn on(link: &Model) -> Self {
        Self {
            stands: link.dispute,
            opened_at: link.disputed_at,
            word: link.dispute_status.clone(),
            respond_by: link.respond_by,
        }
    }

    /// Whether the bank only asks so far.
    fn asks(&self) -> bool {
        self.stands == Some(Dispute::Open) && self.word.as_deref().is_some_and(is_inquiry)
    }

    /// Whether it is the same dispute in the same state.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (self.stands, self.opened_at) == (other.stands, other.opened_at)
    }
}

/// The reason for needing a person when a dispute is lost and can no longer be answered.
const LOST: &str = "lost";
/// The same while the bank only asks.
const INQUIRY: &str = "inquiry";

/// Asks a person to answer new disputes, until none is open. A lost dispute needs a person too, since the money is
/// gone.
pub(super) async fn follow(
    tx: &Transaction,
    link: &Model,
    (before, after): (&KnownFacts, &KnownFacts),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (shown_before, shown) = (ShownDispute::on(link), ShownDispute::of(&after.facts));
    let (was, is) = (shown_before.stands, shown.stands);
    // What was said of an inquiry is not true of a chargeback.
    let is_otherwise = was != is || (shown_before.asks() && !shown.asks() && needs_answer(before, after));
    if is_otherwise && matches!(was, Some(Dispute::Open | Dispute::Lost)) {
        let subject = link.id.to_string();
        attention::resolve_by_itself(tx, link.merchant_id, AttentionKind::Dispute, &subject, now).await?;
    }
    let is_lost = is == Some(Dispute::Lost);
    let is_news = was != is || changed(before, after).any(|(_, stands)| stands == Dispute::Lost);
    if needs_answer(before, after) || (is_lost && is_news) {
        let asks = shown.asks().then_some(INQUIRY);
        let reason = asks.or(is_lost.then_some(LOST)).map(str::to_owned);
        return attention::open(tx, vec![Matter::of_link(link, AttentionKind::Dispute, reason)], now).await;
    }
    Ok(())
}

/// Timeline entries for what is new.
pub(super) fn entries(link: &Model, before: &KnownFacts, after: &KnownFacts) -> Vec<NewEntry> {
    let entry = |fact: &PaymentFact, stands: Dispute| {
        let (event, term) = if stands.is_decided() {
            (TimelineEvent::DisputeClosed, Some(fact.status.as_str()))
        } else {
            (TimelineEvent::Disputed, fact.reason.as_deref())
        };
        let of_another = link.stripe_payment_intent.as_ref().is_some_and(|paid| *paid != fact.payment_intent);
        let detail = DisputeDetail {
            term,
            is_inquiry: !stands.is_decided() && is_inquiry(&fact.status),
            payment: of_another.then_some(fact.payment_intent.as_str()),
        };
        NewEntry::new(link.id, event, detail.to_stored())
    };
    changed(before, after).map(|(fact, stands)| entry(fact, stands)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::link::payment_fact::testing::{after, fact};

    fn dispute(id: &str, status: &str, opened: i64, told: i64) -> PaymentFact {
        fact(FactKind::Dispute, id, status, opened, told)
    }

    #[test]
    fn money_that_is_contested_or_gone_is_not_hidden_by_another_dispute() {
        let stands = |told: &[PaymentFact]| ShownDispute::of(told).stands;
        let (open, lost) = (dispute("du_1", "needs_response", 1, 1), dispute("du_2", "lost", 2, 2));
        let won = dispute("du_3", "won", 3, 3);
        assert_eq!(stands(&[open, lost.clone(), won.clone()]), Some(Dispute::Open));
        assert_eq!(stands(&[lost, won.clone()]), Some(Dispute::Lost));
        assert_eq!(stands(&[won, dispute("du_4", "warning_closed", 4, 4)]), Some(Dispute::Closed));
        assert_eq!(stands(&[]), None);
    }

    #[test]
    fn an_inquiry_hides_no_chargeback() {
        let (chargeback, inquiry) =
            (dispute("du_1", "needs_response", 1, 1), dispute("du_2", "warning_needs_response", 2, 2));
        let shown = ShownDispute::of(&[chargeback.clone(), inquiry.clone()]);
        assert_eq!((shown.word.as_deref(), shown.asks()), (Some("needs_response"), false));
        assert!(ShownDispute::of(&[inquiry]).asks());
    }

    #[test]
    fn what_is_told_last_of_a_dispute_counts() {
        // An inquiry becomes a chargeback, and a decision is reversed.
        let told = [dispute("du_1", "warning_closed", 1, 5), dispute("du_1", "needs_response", 1, 9)];
        assert_eq!(ShownDispute::of(&after(&told)).stands, Some(Dispute::Open));
        let told = [dispute("du_1", "won", 1, 9), dispute("du_1", "lost", 1, 5)];
        assert_eq!(ShownDispute::of(&after(&told)).stands, Some(Dispute::Won));
    }

    #[test]
    fn of_what_is_told_of_a_dispute_in_one_second_the_furthest_counts() {
        let way = ["warning_needs_response", "warning_under_review", "needs_response", "under_review", "lost"];
        for (before, next) in way.iter().zip(&way[1..]) {
            let told = [dispute("du_1", before, 1, 5), dispute("du_1", next, 1, 5)];
            let backwards = [told[1].clone(), told[0].clone()];
            assert_eq!(ShownDispute::of(&after(&told)).word.as_deref(), Some(*next));
            assert_eq!(ShownDispute::of(&after(&backwards)).word.as_deref(), Some(*next));
        }
    }

    #[test]
    fn the_deadline_that_is_told_last_counts_whatever_comes_first() {
        let told = |due: Option<i64>, at: i64| PaymentFact {
            respond_by: due.and_then(|due| DateTime::from_timestamp(due, 0)),
            ..dispute("du_1", "needs_response", 1, at)
        };
        for (told, due) in [
            ([told(Some(50), 1), told(Some(70), 2)], Some(70)),
            ([told(Some(50), 1), told(None, 2)], Some(50)),
            ([told(None, 1), told(None, 2)], None),
            ([told(Some(50), 1), told(Some(70), 1)], Some(70)),
        ] {
            let backwards = [told[1].clone(), told[0].clone()];
            for order in [told, backwards] {
                let shown = ShownDispute::of(&after(&order));
                assert_eq!(shown.respond_by.map(|due| due.timestamp()), due);
            }
        }
    }

    const ENDS: [&str; 4] = ["won", "lost", "warning_closed", "prevented"];

    proptest! {
        #[test]
        fn disputes_told_twice_and_in_any_order_end_as_they_ended(
            (ends, told) in proptest::collection::vec(proptest::sample::select(&ENDS[..]), 1..4).prop_flat_map(|ends| {
                let told = (0..).zip(&ends).flat_map(|(opened, end)| {
                    let id = format!("du_{opened}");
                    let ended = dispute(&id, end, opened, opened);
                    [dispute(&id, "needs_response", opened, opened), ended.clone(), ended]
                });
                (Just(ends.clone()), Just(told.collect::<Vec<_>>()).prop_shuffle())
            })
        ) {
            let last = Dispute::from_stripe(ends.last().unwrap());
            let end = if ends.contains(&"lost") { Dispute::Lost } else { last };
            prop_assert_eq!(ShownDispute::of(&after(&told)).stands, Some(end));
        }
    }
}
