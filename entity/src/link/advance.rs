//! The one function that changes a link's state.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, LinkEvent, LinkState, Model, Refusal, Review, Transition, note};
use crate::order;

/// What Stripe told along with an event, to be kept on the link in the same statement.
#[derive(Debug, Clone, Default)]
pub struct StripeFacts {
    /// `plink_…`
    pub link_id: Option<String>,
    /// Where the buyer pays.
    pub url: Option<String>,
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
    /// The event changed nothing.
    Unchanged,
    /// The state does not allow it.
    Refused(Refusal),
}

/// Applies `event` to the link by compare-and-set on its state, writes the timeline and the order's tag.
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
        let (state, review) = match current.state.on(event) {
            Ok(Transition::To(state, review)) => (state, review),
            Ok(Transition::Unchanged) => return Ok(Advanced::Unchanged),
            Err(refusal) => return Ok(Advanced::Refused(refusal)),
        };
        if compare_and_set(db, &current, state, review, facts, now).await? {
            note(db, current.id, now, state.as_str(), facts.detail.clone()).await?;
            order::refresh_tag(db, current.merchant_id, current.order_id, state).await?;
            return reread(db, &current).await.map(|link| Advanced::To(Box::new(link)));
        }
        current = reread(db, &current).await?;
    }
}

async fn compare_and_set(
    db: &impl ConnectionTrait,
    from: &Model,
    state: LinkState,
    review: Option<Review>,
    facts: &StripeFacts,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .filter(Column::Id.eq(from.id))
        .filter(Column::State.eq(from.state));
    if state == LinkState::Paid {
        update = update.col_expr(Column::PaidAt, Expr::value(now));
    }
    // Paid too late says more than paid wrongly: the reason to look is the same, and the timeline keeps both.
    if let Some(review) = review.or(facts.review) {
        update = update.col_expr(Column::Review, Expr::value(review));
    }
    let texts = [
        (Column::StripeLinkId, &facts.link_id),
        (Column::StripeUrl, &facts.url),
        (Column::StripePaymentIntent, &facts.payment_intent),
        (Column::Failure, &facts.failure),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            update = update.col_expr(column, Expr::value(text.clone()));
        }
    }
    if let Some(livemode) = facts.livemode {
        update = update.col_expr(Column::Livemode, Expr::value(livemode));
    }
    update.exec(db).await.map(|result| result.rows_affected == 1)
}

async fn reread(db: &impl ConnectionTrait, link: &Model) -> Result<Model, DbErr> {
    Entity::find_by_id(link.id).one(db).await?.ok_or_else(|| DbErr::RecordNotFound(format!("{} vanished", link.id)))
}

/// Marks a link for a person to look at, without changing its state; the first reason stays.
///
/// # Errors
/// When the database does not answer.
pub async fn note_review(
    db: &impl ConnectionTrait,
    link: &Model,
    review: Review,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Review, Expr::value(review))
        .filter(Column::Id.eq(link.id))
        .filter(Column::Review.is_null())
        .exec(db)
        .await?;
    note(db, link.id, now, "review", Some(review.to_string())).await
}
