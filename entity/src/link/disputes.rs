//! Disputes of payments. They are displayed here and handled at Stripe.

use chrono::{DateTime, Utc};
use sea_orm::DbErr;

use super::{
    Model,
    facts::{FactKind, Known, PaymentFact},
    timeline::NewEntry,
};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
};
use domain::words;

words! {
    /// How a dispute stands.
    pub enum Dispute {
        /// The buyer's bank wants the money back, and it is not decided.
        Open = "open",
        /// The merchant keeps the money.
        Won = "won",
        /// The buyer has it back.
        Lost = "lost",
        /// It came to no chargeback: it was an inquiry that was closed, or was prevented.
        Closed = "closed",
    }
}

impl Dispute {
    /// As Stripe says it, in `status`; a word that is not known leaves it open, for a person to look at.
    #[must_use]
    pub fn from_stripe(status: &str) -> Self {
        match status {
            "won" => Self::Won,
            "lost" => Self::Lost,
            "warning_closed" | "prevented" => Self::Closed,
            _ => Self::Open,
        }
    }

    pub(super) const fn is_decided(self) -> bool {
        match self {
            Self::Open => false,
            Self::Won | Self::Lost | Self::Closed => true,
        }
    }

    /// Of several disputes of one link, what says that money is contested or gone comes first.
    const fn weight(self) -> u8 {
        match self {
            Self::Open => 2,
            Self::Lost => 1,
            Self::Won | Self::Closed => 0,
        }
    }
}

/// Whether the bank only asks, as far as Stripe says it in `status`: no money is gone, and a chargeback may follow under the same id.
fn is_inquiry(status: &str) -> bool {
    status.starts_with("warning_")
}

/// What is told of a dispute: how it stands, and whether it is an inquiry. That one becomes a chargeback is told, too.
fn told(fact: &PaymentFact) -> (Dispute, bool) {
    (Dispute::from_stripe(&fact.status), is_inquiry(&fact.status))
}

/// Disputes of which something is known now that was not.
fn news<'a>(before: &'a Known, after: &'a Known) -> impl Iterator<Item = (&'a PaymentFact, Dispute)> {
    disputes(&after.facts).filter(move |(fact, _)| {
        let known = disputes(&before.facts).find(|(known, _)| known.id == fact.id);
        known.map(|(known, _)| told(known)) != Some(told(fact))
    })
}

/// Whether there is something to answer that nobody knew of: another dispute, or a chargeback where there was an inquiry.
pub(super) fn needs_answer(before: &Known, after: &Known) -> bool {
    news(before, after).any(|(_, stands)| !stands.is_decided())
}

fn disputes(facts: &[PaymentFact]) -> impl Iterator<Item = (&PaymentFact, Dispute)> {
    let disputes = facts.iter().filter(|fact| fact.kind == FactKind::Dispute);
    disputes.map(|fact| (fact, Dispute::from_stripe(&fact.status)))
}

/// What is shown of a link's disputes: the gravest, of several the one that was opened last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) stands: Option<Dispute>,
    pub(super) opened_at: Option<DateTime<Utc>>,
    /// How it stands, in Stripe's word.
    pub(super) word: Option<String>,
}

impl Shown {
    /// What is to be shown by what is known.
    pub(super) fn of(facts: &[PaymentFact]) -> Self {
        let gravest = disputes(facts).max_by_key(|(fact, stands)| (stands.weight(), fact.made_at, &fact.id));
        gravest.map_or_else(Self::default, |(fact, stands)| Self {
            stands: Some(stands),
            opened_at: Some(fact.made_at),
            word: Some(fact.status.clone()),
        })
    }

    /// What the link shows so far.
    pub(super) fn on(link: &Model) -> Self {
        Self { stands: link.dispute, opened_at: link.disputed_at, word: link.dispute_status.clone() }
    }

    /// Whether it is the same dispute, and decided as before.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (self.stands, self.opened_at) == (other.stands, other.opened_at)
    }
}

/// Why a dispute needs a person that nobody can answer any more.
const LOST: &str = "lost";

/// A person has to answer what they did not know of; once nothing is open any more there is nothing to answer. That one was lost they
/// have to know, too: the money is gone.
///
/// # Errors
/// When the database refuses or does not answer.
pub(super) async fn follow(
    tx: &Transaction,
    link: &Model,
    (before, after): (&Known, &Known),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (was, is) = (link.dispute, Shown::of(&after.facts).stands);
    if was != is && matches!(was, Some(Dispute::Open | Dispute::Lost)) {
        let subject = link.id.to_string();
        attention::resolve_by_itself(tx, link.merchant_id, AttentionKind::Dispute, &subject, now).await?;
    }
    let is_lost = is == Some(Dispute::Lost);
    let is_news = was != is || news(before, after).any(|(_, stands)| stands == Dispute::Lost);
    if needs_answer(before, after) || (is_lost && is_news) {
        let reason = is_lost.then(|| LOST.to_owned());
        return attention::open(tx, vec![Matter::of_link(link, AttentionKind::Dispute, reason)], now).await;
    }
    Ok(())
}

/// What the timeline says that was not known before.
pub(super) fn entries(link: &Model, before: &Known, after: &Known) -> Vec<NewEntry> {
    let entry = |fact: &PaymentFact, stands: Dispute| {
        let (event, what) = if stands.is_decided() {
            ("dispute_closed", Some(fact.status.clone()))
        } else if is_inquiry(&fact.status) {
            ("disputed", Some(fact.reason.as_ref().map_or("an inquiry".to_owned(), |why| format!("{why}, an inquiry"))))
        } else {
            ("disputed", fact.reason.clone())
        };
        let of_another = link.stripe_payment_intent.as_ref().is_some_and(|paid| *paid != fact.payment_intent);
        let detail = match what {
            Some(what) if of_another => Some(format!("{what}, of {}", fact.payment_intent)),
            None if of_another => Some(format!("of {}", fact.payment_intent)),
            what => what,
        };
        NewEntry::new(link.id, event, detail)
    };
    news(before, after).map(|(fact, stands)| entry(fact, stands)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::link::facts::testing::{after, fact};

    fn dispute(id: &str, status: &str, opened: i64, told: i64) -> PaymentFact {
        fact(FactKind::Dispute, id, status, opened, told)
    }

    #[test]
    fn a_word_of_stripe_that_is_not_known_leaves_a_dispute_open() {
        for (word, stands) in [
            ("needs_response", Dispute::Open),
            ("under_review", Dispute::Open),
            ("warning_needs_response", Dispute::Open),
            ("warning_under_review", Dispute::Open),
            ("warning_closed", Dispute::Closed),
            ("prevented", Dispute::Closed),
            ("won", Dispute::Won),
            ("lost", Dispute::Lost),
            ("something_new", Dispute::Open),
        ] {
            assert_eq!(Dispute::from_stripe(word), stands, "{word}");
        }
    }

    #[test]
    fn money_that_is_contested_or_gone_is_not_hidden_by_another_dispute() {
        let stands = |told: &[PaymentFact]| Shown::of(told).stands;
        let (open, lost) = (dispute("du_1", "needs_response", 1, 1), dispute("du_2", "lost", 2, 2));
        let won = dispute("du_3", "won", 3, 3);
        assert_eq!(stands(&[open, lost.clone(), won.clone()]), Some(Dispute::Open));
        assert_eq!(stands(&[lost, won.clone()]), Some(Dispute::Lost));
        assert_eq!(stands(&[won, dispute("du_4", "warning_closed", 4, 4)]), Some(Dispute::Closed));
        assert_eq!(stands(&[]), None);
    }

    #[test]
    fn what_is_told_last_of_a_dispute_counts() {
        // An inquiry that becomes a chargeback, and one that is decided otherwise in the end.
        let told = [dispute("du_1", "warning_closed", 1, 5), dispute("du_1", "needs_response", 1, 9)];
        assert_eq!(Shown::of(&after(&told)).stands, Some(Dispute::Open));
        let told = [dispute("du_1", "won", 1, 9), dispute("du_1", "lost", 1, 5)];
        assert_eq!(Shown::of(&after(&told)).stands, Some(Dispute::Won));
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
            prop_assert_eq!(Shown::of(&after(&told)).stands, Some(end));
        }
    }
}
