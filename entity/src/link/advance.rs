//! The one function that changes a link's state.

use chrono::{DateTime, Utc};
use sea_orm::{Value, entity::prelude::*};

use domain::link::{Judged, LinkEvent, LinkState, Refusal, Review};

use super::{Column, Entity, Model, note};
use crate::{live, order};

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
    /// Whether the link is a live one.
    pub livemode: Option<bool>,
    /// Why it could not be made, in words for the merchant.
    pub failure: Option<String>,
    /// What a person should look at, found by comparing the payment with the link.
    pub review: Option<Review>,
    /// More for the timeline.
    pub detail: Option<String>,
}

/// What became of an event.
#[derive(Debug)]
pub enum Advanced {
    /// The link is in another state now.
    To(Box<Model>),
    /// The event left the state as it is; what it told beside may have been kept.
    Unchanged,
    /// The state does not allow it.
    Refused(Refusal),
}

/// Applies `event` to the link by compare-and-set on what it was judged by, writes the timeline and the order's tag.
///
/// Another writer may have moved the link since it was read; then the event is judged again from where the link is now.
///
/// # Errors
/// When the database does not answer.
pub async fn advance(
    db: &impl ConnectionTrait,
    link: &Model,
    event: LinkEvent,
    facts: &StripeFacts,
    now: DateTime<Utc>,
) -> Result<Advanced, DbErr> {
    let mut current = link.clone();
    loop {
        let judged = match current.payment_state().on(event, facts.session.as_deref()) {
            Ok(judged) => judged,
            Err(refusal) => return Ok(Advanced::Refused(refusal)),
        };
        match compare_and_set(db, &current, &judged, facts, now).await? {
            Written::Nothing => return Ok(Advanced::Unchanged),
            Written::All => {
                live::link(&current);
                tell(db, &current, &judged, facts, now).await?;
                if judged.after.state == current.state {
                    return Ok(Advanced::Unchanged);
                }
                order::refresh_tag(db, current.merchant_id, current.order_id, judged.after.state).await?;
                return reread(db, &current).await.map(|link| Advanced::To(Box::new(link)));
            }
            Written::TooLate => current = reread(db, &current).await?,
        }
    }
}

/// What came of a compare-and-set.
enum Written {
    /// There was nothing to write.
    Nothing,
    /// All of it.
    All,
    /// Another writer was faster.
    TooLate,
}

async fn compare_and_set(
    db: &impl ConnectionTrait,
    from: &Model,
    judged: &Judged,
    facts: &StripeFacts,
    now: DateTime<Utc>,
) -> Result<Written, DbErr> {
    let changes = changes(from, judged, facts, now);
    if changes.is_empty() {
        return Ok(Written::Nothing);
    }
    let failed = match &from.failed_sessions {
        Some(failed) => Column::FailedSessions.eq(failed.clone()),
        None => Column::FailedSessions.is_null(),
    };
    let update = changes
        .into_iter()
        .fold(Entity::update_many(), |update, (column, value)| update.col_expr(column, Expr::value(value)));
    let update = update.filter(Column::Id.eq(from.id)).filter(Column::State.eq(from.state)).filter(failed);
    let written = update.exec(db).await?.rows_affected == 1;
    Ok(if written { Written::All } else { Written::TooLate })
}

/// The columns that are to change, and what to.
pub(super) fn changes(from: &Model, judged: &Judged, facts: &StripeFacts, now: DateTime<Utc>) -> Vec<(Column, Value)> {
    let (before, after) = (from.payment_state(), &judged.after);
    let moved = after.state != before.state;
    let paid_at = (moved && after.state == LinkState::Paid).then_some(now);
    // A payment's facts belong to the event that moved the link; the link's own are told once and for all.
    let payment_is_news = moved || from.stripe_payment_intent.is_none();
    let review = reviews(judged, facts)
        .next()
        .filter(|review| from.review.is_none() || (judged.review == Some(*review) && from.review != Some(*review)));
    let changes = [
        moved.then(|| (Column::State, after.state.into())),
        paid_at.map(|at| (Column::PaidAt, at.into())),
        (after.session != before.session).then(|| (Column::StripeSessionId, after.session.clone().into())),
        (after.failed != before.failed).then(|| (Column::FailedSessions, after.failed_lines().into())),
        review.map(|review| (Column::Review, review.into())),
        told_first(from.stripe_link_id.as_ref(), facts.link_id.as_ref()).map(|id| (Column::StripeLinkId, id.into())),
        told_first(from.stripe_url.as_ref(), facts.url.as_ref()).map(|url| (Column::StripeUrl, url.into())),
        told_first(from.livemode.as_ref(), facts.livemode.as_ref()).map(|live| (Column::Livemode, live.into())),
        facts.payment_intent.clone().filter(|_| payment_is_news).map(|id| (Column::StripePaymentIntent, id.into())),
        facts.failure.clone().filter(|_| moved).map(|why| (Column::Failure, why.into())),
    ];
    changes.into_iter().flatten().collect()
}

/// What is told, if it was not known.
fn told_first<T: Clone>(known: Option<&T>, told: Option<&T>) -> Option<T> {
    told.filter(|_| known.is_none()).cloned()
}

/// What a person should look at, the reason that says most first: paid too late says more than paid wrongly.
pub(super) fn reviews(judged: &Judged, facts: &StripeFacts) -> impl Iterator<Item = Review> {
    let found = facts.review.filter(|_| judged.after.state == LinkState::Paid && judged.review != facts.review);
    judged.review.into_iter().chain(found)
}

/// Writes what happened into the timeline, for the merchant to read.
async fn tell(
    db: &impl ConnectionTrait,
    from: &Model,
    judged: &Judged,
    facts: &StripeFacts,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (before, after) = (from.payment_state(), &judged.after);
    let detail = || facts.detail.clone();
    if after.state != before.state {
        note(db, from, now, after.state.as_str(), detail()).await?;
    } else if after.failed != before.failed {
        note(db, from, now, "payment_failed", detail()).await?;
    }
    if before.state == LinkState::Voiding && after.state == LinkState::Paid {
        let why = "The buyer paid before Stripe had closed the link, so it could not be voided.";
        note(db, from, now, "void_refused", Some(why.to_owned())).await?;
    }
    if before.state == LinkState::Paid && judged.review.is_some() {
        note(db, from, now, "paid_again", detail()).await?;
    }
    for review in reviews(judged, facts) {
        note(db, from, now, "review", Some(format!("{review}: {}", review.sentence()))).await?;
    }
    Ok(())
}

async fn reread(db: &impl ConnectionTrait, link: &Model) -> Result<Model, DbErr> {
    Entity::find_by_id(link.id).one(db).await?.ok_or_else(|| DbErr::RecordNotFound(format!("{} vanished", link.id)))
}
