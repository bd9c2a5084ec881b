//! Links whose delayed payment failed. The payment link at Stripe was good for one payment and has been used up, so another is created
//! behind the same page.

use chrono::{DateTime, Utc};
use sea_orm::{ExprTrait, entity::prelude::*};

use super::{Column, Entity, Model, advance::Change, note};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    change::{self, ChangeKind},
};
use domain::{LinkId, LinkState};

impl Model {
    /// Whether another link has to be made at Stripe before it can be paid.
    #[must_use]
    pub fn awaits_renewal(&self) -> bool {
        self.state == LinkState::Unpaid && self.is_used_up()
    }

    /// Whether what was made for it at Stripe is used up, and nothing has taken its place.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.stripe_url.is_none() && self.stripe_link_id.is_some() && self.failed_sessions.is_some()
    }

    /// The same without what is used up. Whoever went there has not paid.
    pub(super) fn without_used_up(self) -> Self {
        Self { stripe_url: None, stripe_attempted_at: None, pay_pressed_at: None, returned_at: None, ..self }
    }
}

/// Writes that what was made at Stripe for these links is used up. The next idempotency key is the next one.
pub(super) async fn withdraw(tx: &Transaction, written: &[Change<'_>]) -> Result<(), DbErr> {
    let used_up = |change: &&Change<'_>| change.before.stripe_url.is_some() && change.after.stripe_url.is_none();
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

/// Puts what was made at Stripe in the place of what is used up; `false` if the link is not unpaid any more, or has one.
///
/// # Errors
/// When the database does not answer.
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
    note(tx, link, now, "renewed", Some(format!("made at Stripe: {stripe_link_id}"))).await?;
    Ok(true)
}

/// Says what keeps an open link from getting on, in words for the merchant, and notes it in the timeline as `event`, which a person has
/// to see to; what was said before is not said again.
///
/// # Errors
/// When the database does not answer.
pub async fn set_failure(
    tx: &Transaction,
    link: &Model,
    event: &'static str,
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
    attention::open(tx, vec![Matter::of_link(link, AttentionKind::LinkFailed, Some(event.to_owned()))], now).await?;
    note(tx, link, now, event, Some(why)).await
}

/// Nobody has to see to it any more.
async fn gets_on(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    attention::resolve_by_itself(tx, link.merchant_id, AttentionKind::LinkFailed, &link.id.to_string(), now).await
}

/// Forgets what kept a link from getting on: it has got on.
///
/// # Errors
/// When the database does not answer.
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
