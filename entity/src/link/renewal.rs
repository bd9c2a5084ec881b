//! Renewing a link after a delayed payment failed: its Stripe link was for a single payment and cannot be paid again,
//! so another is made behind the same page.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Column, Entity, Model, TimelineEvent, advance::LinkChange, note};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    change::{self, ChangeKind},
};
use domain::{LinkId, LinkState, link::StripeProof};

impl Model {
    /// Whether another link must be made at Stripe before it can be paid.
    #[must_use]
    pub fn awaits_renewal(&self) -> bool {
        self.state == LinkState::Unpaid && self.is_used_up()
    }

    /// Whether its Stripe link is used up and not replaced yet.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.stripe_url.is_none() && self.stripe_link_id.is_some() && self.failed_sessions.is_some()
    }

    /// The link without its used-up Stripe link. A buyer who went there has not paid.
    pub(super) fn without_used_up(self) -> Self {
        Self { stripe_url: None, stripe_attempted_at: None, pay_pressed_at: None, returned_at: None, ..self }
    }
}

/// Records that these links' Stripe links are used up, and moves on to the next idempotency key.
pub(super) async fn withdraw(tx: &Transaction, written: &[LinkChange<'_>]) -> Result<(), DbErr> {
    let used_up = |change: &&LinkChange<'_>| change.before.stripe_url.is_some() && change.after.stripe_url.is_none();
    let links: Vec<LinkId> = written.iter().filter(used_up).map(|change| change.after.id).collect();
    if links.is_empty() {
        return Ok(());
    }
    let never = || Expr::value(Option::<DateTime<Utc>>::None);
    Entity::update_many()
        .col_expr(Column::StripeUrl, Expr::value(Option::<String>::None))
        .col_expr(Column::StripeAttemptedAt, never())
        .col_expr(Column::PayPressedAt, never())
        .col_expr(Column::ReturnedAt, never())
        .filter(Column::Id.is_in(links))
        .filter(Column::State.eq(LinkState::Unpaid))
        .exec(tx)
        .await
        .map(|_| ())
}

/// How long before its creation a link is said to have been attempted if an attempt is only possible: longer than any
/// idempotency key is trusted.
const LONG_BEFORE: TimeDelta = TimeDelta::days(2);

/// After a restoration: links that were yet to be made at Stripe may have been made since, and Stripe may have forgotten
/// the key, so it is asked for them first.
pub async fn doubt_unmade(tx: &Transaction) -> Result<(), DbErr> {
    let unmade = Entity::find()
        .filter(Column::StripeUrl.is_null())
        .filter(Column::StripeAttemptedAt.is_null())
        .filter(Column::State.is_in([LinkState::Creating, LinkState::Unpaid]));
    for link in unmade.all(tx).await? {
        Entity::update_many()
            .col_expr(Column::StripeAttemptedAt, Expr::value(link.created_at - LONG_BEFORE))
            .filter(Column::Id.eq(link.id))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Replaces a used-up Stripe link. Returns `false` if the link is no longer unpaid, or has been renewed already.
pub async fn set_renewed(
    tx: &Transaction,
    link: &Model,
    (stripe_link_id, url): (&str, &str),
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let renewed = Entity::update_many()
        .col_expr(Column::StripeLinkId, Expr::value(stripe_link_id))
        .col_expr(Column::StripeUrl, Expr::value(url))
        .col_expr(Column::Failure, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(link.id))
        .filter(Column::State.eq(LinkState::Unpaid))
        .filter(Column::StripeUrl.is_null())
        .exec(tx)
        .await?;
    if renewed.rows_affected == 0 {
        return Ok(false);
    }
    gets_on(tx, link, now).await?;
    note(tx, link, now, TimelineEvent::Renewed, Some(StripeProof::Made(stripe_link_id).to_string())).await?;
    Ok(true)
}

/// Sets why an open link cannot proceed, for the merchant to read, and adds `event` to its timeline, which needs a
/// person. Repeating the same failure does nothing.
pub async fn set_failure(
    tx: &Transaction,
    link: &Model,
    event: TimelineEvent,
    why: String,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let told = Entity::update_many()
        .col_expr(Column::Failure, Expr::value(why.clone()))
        .filter(Column::Id.eq(link.id))
        .filter(Column::State.is_in([LinkState::Unpaid, LinkState::Voiding, LinkState::Expiring, LinkState::Settling]))
        .filter(Column::Failure.is_null().or(Column::Failure.ne(why.clone())))
        .exec(tx)
        .await?;
    if told.rows_affected == 0 {
        return Ok(());
    }
    attention::open(tx, vec![Matter::of_link(link, AttentionKind::LinkFailed, Some(event.to_string()))], now).await?;
    note(tx, link, now, event, Some(why)).await
}

/// Removes the need for a person.
async fn gets_on(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    attention::resolve_by_itself(tx, link.merchant_id, AttentionKind::LinkFailed, &link.id.to_string(), now).await
}

/// Clears the failure of a link that proceeds again.
pub async fn clear_failure(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    if link.failure.is_none() {
        return Ok(());
    }
    let cleared = Entity::update_many()
        .col_expr(Column::Failure, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(link.id))
        .filter(Column::State.ne(LinkState::Failed))
        .exec(tx)
        .await?;
    if cleared.rows_affected == 1 {
        gets_on(tx, link, now).await?;
        tx.changed(change::Change::link(ChangeKind::LinkUpdated, link, now));
    }
    Ok(())
}

/// Saves the number and the time of the next idempotency key for Stripe before it is used. Returns the number.
pub async fn begin_stripe_attempt(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<i64, DbErr> {
    let attempt = link.stripe_attempt + 1;
    Entity::update_many()
        .col_expr(Column::StripeAttempt, Expr::value(attempt))
        .col_expr(Column::StripeAttemptedAt, Expr::value(now))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await?;
    Ok(attempt)
}
