//! Whether a buyer who pressed Pay may have paid without our knowledge.
//!
//! Stripe may report a payment before the buyer is back, seconds later, or never. So we record what the buyer did, and until Stripe has
//! confirmed that nothing was paid, their page does not ask them to pay again, in any tab.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, LinkState, Model};

/// How long a word of Stripe's is waited for before we ask, and the pause between two questions; and how long the answer that nothing was
/// paid is good for, while the buyer may still be paying elsewhere.
pub const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// How long what a buyer has open at Stripe can be paid.
const SESSION_LIFE: TimeDelta = TimeDelta::hours(24);

impl Model {
    /// When the buyer was last seen at Stripe: on the way there, or on the way back.
    #[must_use]
    pub fn last_at_stripe(&self) -> Option<DateTime<Utc>> {
        self.pay_pressed_at.map(|pressed| self.returned_at.map_or(pressed, |returned| returned.max(pressed)))
    }

    /// Whether the buyer has pressed Pay, and for all we know has paid.
    #[must_use]
    pub fn may_have_been_paid(&self, now: DateTime<Utc>) -> bool {
        self.last_at_stripe().is_some_and(|seen| !self.was_unpaid(seen.max((now - PATIENCE).min(seen + SESSION_LIFE))))
    }

    /// Whether the buyer has come back from a payment that we know nothing of.
    #[must_use]
    pub fn awaits_confirmation(&self) -> bool {
        self.last_at_stripe().is_some_and(|seen| self.returned_at == Some(seen) && !self.was_unpaid(seen))
    }

    /// Whether Pay may lead to Stripe. A button that was pressed twice leads there twice; one that was left open in another tab,
    /// while something may have been paid in this one, does not.
    #[must_use]
    pub fn may_go_to_stripe(&self, now: DateTime<Utc>) -> bool {
        self.last_at_stripe()
            .is_none_or(|seen| self.was_unpaid(seen) || (!self.awaits_confirmation() && now - seen < PATIENCE))
    }

    /// Whether Stripe is to be asked whether the buyer has paid: nothing was heard for long enough, and nobody has asked.
    #[must_use]
    pub fn is_worth_asking(&self, now: DateTime<Utc>) -> bool {
        let long_ago = |at: DateTime<Utc>| at <= now - PATIENCE;
        self.state == LinkState::Unpaid
            && self.stripe_link_id.is_some()
            && self.last_at_stripe().is_some_and(long_ago)
            && self.stripe_checked_at.is_none_or(long_ago)
    }

    /// Whether Stripe, asked after `since`, said that nothing had been paid.
    fn was_unpaid(&self, since: DateTime<Utc>) -> bool {
        self.found_unpaid_at.is_some_and(|found| found > since)
    }
}

/// Notes that the buyer has pressed Pay, before they are led to Stripe.
///
/// # Errors
/// When the database does not answer.
pub async fn note_pay_pressed(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    set(db, link, &[(Column::PayPressedAt, Some(now))]).await
}

/// Notes that the buyer has come back from Stripe.
///
/// # Errors
/// When the database does not answer.
pub async fn note_returned(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    set(db, link, &[(Column::ReturnedAt, Some(now))]).await
}

/// Forgets that the buyer went to Stripe: they say that they have not paid.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_paying(db: &impl ConnectionTrait, link: &Model) -> Result<(), DbErr> {
    set(db, link, &[(Column::PayPressedAt, None), (Column::ReturnedAt, None)]).await
}

/// Notes that Stripe, asked at `asked`, said that nothing had been paid.
///
/// # Errors
/// When the database does not answer.
pub async fn note_found_unpaid(db: &impl ConnectionTrait, link: &Model, asked: DateTime<Utc>) -> Result<(), DbErr> {
    set(db, link, &[(Column::FoundUnpaidAt, Some(asked))]).await
}

async fn set(
    db: &impl ConnectionTrait,
    link: &Model,
    changes: &[(Column, Option<DateTime<Utc>>)],
) -> Result<(), DbErr> {
    changes
        .iter()
        .fold(Entity::update_many(), |update, (column, at)| update.col_expr(*column, Expr::value(*at)))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await
        .map(|_| ())
}
