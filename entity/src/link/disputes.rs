//! Disputes of what was paid. Shown here, answered at Stripe.
//!
//! They are told several times and in any order, so what is told is held against what is known: a dispute that was decided is not
//! open again.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Column, Entity, Model, note};
use crate::attention::{self, AttentionKind, Matter};
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
        /// It was an inquiry that came to nothing.
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
            "warning_closed" => Self::Closed,
            _ => Self::Open,
        }
    }

    const fn is_decided(self) -> bool {
        match self {
            Self::Open => false,
            Self::Won | Self::Lost | Self::Closed => true,
        }
    }
}

/// What Stripe tells of a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisputeReport {
    /// How it stands.
    pub stands: Dispute,
    /// When it was opened, which tells one dispute from the next.
    pub opened_at: DateTime<Utc>,
}

impl DisputeReport {
    /// Whether this says more than what is known.
    fn is_news_to(self, known: Option<Self>) -> bool {
        known.is_none_or(|known| {
            let (here, there) = (self.opened_at, known.opened_at);
            here > there || (here == there && self.stands.is_decided() && !known.stands.is_decided())
        })
    }
}

/// Keeps how the dispute that was opened last stands, and notes it in the timeline. What was told before changes nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn note_dispute(
    db: &impl ConnectionTrait,
    link: &Model,
    told: DisputeReport,
    detail: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut known = of_link(link);
    loop {
        if !told.is_news_to(known) {
            return Ok(());
        }
        let as_known = match known {
            Some(known) => Column::DisputedAt.eq(known.opened_at).and(Column::Dispute.eq(known.stands)),
            None => Column::DisputedAt.is_null(),
        };
        let kept = Entity::update_many()
            .col_expr(Column::Dispute, Expr::value(told.stands))
            .col_expr(Column::DisputedAt, Expr::value(told.opened_at))
            .filter(Column::Id.eq(link.id))
            .filter(as_known)
            .exec(db)
            .await?;
        if kept.rows_affected == 1 {
            let what = if told.stands.is_decided() { "dispute_closed" } else { "disputed" };
            note(db, link, now, what, detail).await?;
            return follow(db, link, told.stands, now).await;
        }
        // Another writer was faster: judge again from what is known now.
        known = Entity::find_by_id(link.id).one(db).await?.as_ref().and_then(of_link);
    }
}

/// A person has to answer it as long as it is open.
async fn follow(db: &impl ConnectionTrait, link: &Model, stands: Dispute, now: DateTime<Utc>) -> Result<(), DbErr> {
    if stands.is_decided() {
        let subject = link.id.to_string();
        return attention::resolve_by_itself(db, link.merchant_id, AttentionKind::Dispute, &subject, now).await;
    }
    attention::open(db, vec![Matter::of_link(link, AttentionKind::Dispute, None)], now).await
}

fn of_link(link: &Model) -> Option<DisputeReport> {
    let (stands, opened_at) = link.dispute.zip(link.disputed_at)?;
    Some(DisputeReport { stands, opened_at })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is known after all of this was told.
    fn after(told: &[DisputeReport]) -> Option<DisputeReport> {
        told.iter().fold(None, |known, told| if told.is_news_to(known) { Some(*told) } else { known })
    }

    fn dispute(opened: i64, stands: Dispute) -> DisputeReport {
        DisputeReport { stands, opened_at: DateTime::from_timestamp(opened, 0).unwrap() }
    }

    #[test]
    fn a_word_of_stripe_that_is_not_known_leaves_a_dispute_open() {
        for (word, stands) in [
            ("needs_response", Dispute::Open),
            ("under_review", Dispute::Open),
            ("warning_needs_response", Dispute::Open),
            ("warning_closed", Dispute::Closed),
            ("won", Dispute::Won),
            ("lost", Dispute::Lost),
            ("something_new", Dispute::Open),
        ] {
            assert_eq!(Dispute::from_stripe(word), stands, "{word}");
        }
    }

    prop_compose! {
        /// How each of several disputes ends, and everything that is told of them, twice, in some order.
        fn disputes()(
            ends in proptest::collection::vec(proptest::sample::select(Dispute::ALL), 1..4)
        )(
            told in Just((0..).zip(&ends).flat_map(|(opened, end)| {
                [dispute(opened, Dispute::Open), dispute(opened, *end), dispute(opened, *end)]
            }).collect::<Vec<_>>()).prop_shuffle(),
            ends in Just(ends),
        ) -> (Vec<Dispute>, Vec<DisputeReport>) {
            (ends, told)
        }
    }

    proptest! {
        #[test]
        fn disputes_told_twice_and_in_any_order_end_as_the_last_one_ended((ends, told) in disputes()) {
            prop_assert_eq!(after(&told).map(|known| known.stands), ends.last().copied());
        }
    }
}
