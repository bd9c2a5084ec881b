//! Whether a buyer who has pressed Pay may have paid without Paylink knowing it yet.
//!
//! Stripe may report a payment before the buyer is back, seconds later, or never. So the link records what the buyer
//! did, and its page, in whatever tab, offers no payment until Stripe has said that nothing was paid.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, LinkState, Model};

/// How long to wait for Stripe's report before asking, the interval between two questions, and how long the answer that
/// nothing was paid stays valid while the buyer may be paying in another tab.
const ASK_INTERVAL: TimeDelta = TimeDelta::seconds(10);

/// How long a Checkout session that the buyer has open can be paid.
const SESSION_LIFE: TimeDelta = TimeDelta::hours(24);

impl Model {
    /// When the buyer was last seen at Stripe: on the way there or back.
    #[must_use]
    pub fn last_at_stripe(&self) -> Option<DateTime<Utc>> {
        self.pay_pressed_at.map(|pressed| self.returned_at.map_or(pressed, |returned| returned.max(pressed)))
    }

    /// Whether the buyer has pressed Pay and may have paid.
    #[must_use]
    pub fn may_have_been_paid(&self, now: DateTime<Utc>) -> bool {
        self.last_at_stripe()
            .is_some_and(|seen| !self.was_unpaid(seen.max((now - ASK_INTERVAL).min(seen + SESSION_LIFE))))
    }

    /// Whether the buyer has returned from a payment that Stripe has not reported.
    #[must_use]
    pub fn awaits_confirmation(&self) -> bool {
        self.last_at_stripe().is_some_and(|seen| self.returned_at == Some(seen) && !self.was_unpaid(seen))
    }

    /// Whether a buyer can pay the link now. An overdue link is closed here before Stripe is told.
    #[must_use]
    pub fn can_be_paid(&self, now: DateTime<Utc>) -> bool {
        self.state == LinkState::Unpaid && now < self.expires_at
    }

    /// Whether Pay may lead to Stripe. Pressing it twice leads there twice; pressing it in another tab, while something
    /// may have been paid in this one, does not.
    #[must_use]
    pub fn may_go_to_stripe(&self, now: DateTime<Utc>) -> bool {
        self.last_at_stripe()
            .is_none_or(|seen| self.was_unpaid(seen) || (!self.awaits_confirmation() && now - seen < ASK_INTERVAL))
    }

    /// Whether to ask Stripe if the buyer has paid: there was no report for long enough, and it has not been asked.
    #[must_use]
    pub fn is_worth_asking(&self, now: DateTime<Utc>) -> bool {
        let long_ago = |at: DateTime<Utc>| at <= now - ASK_INTERVAL;
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

/// Records that the buyer has pressed Pay, before they are sent to Stripe.
pub async fn note_pay_pressed(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    set(db, link, &[(Column::PayPressedAt, Some(now))]).await
}

/// Records that the buyer has returned from Stripe.
pub async fn note_returned(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    set(db, link, &[(Column::ReturnedAt, Some(now))]).await
}

/// Forgets that the buyer went to Stripe, because they say that they have not paid.
pub async fn forget_paying(db: &impl ConnectionTrait, link: &Model) -> Result<(), DbErr> {
    set(db, link, &[(Column::PayPressedAt, None), (Column::ReturnedAt, None)]).await
}

/// Records that Stripe, asked at `asked`, said that nothing had been paid.
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
