//! Reminders: which buyers of unpaid links are due one. Only for links that were texted before, only to buyers who
//! accept texts, and only as often as the merchant or the link allows.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    Condition, ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Query, SelectStatement},
};

use crate::{
    Conversation, Merchant, conversation,
    link::{self, ExpectedState},
    merchant,
    message::{self, Direction, Origin},
};
use domain::{LinkId, LinkState, MerchantId, OwnReminding, PhoneNumber, Reminding, message::MessageStatus};

/// A reminder that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// The conversation with the buyer.
    pub conversation: Conversation,
    /// The number of the reminder for this link, from 1.
    pub number: u64,
    /// The earliest time to send it, in the buyer's day.
    pub not_before: DateTime<Utc>,
}

impl Reminder {
    /// The idempotency key that makes one message of it, however often it is requested.
    #[must_use]
    pub fn key(&self, link: LinkId) -> String {
        format!("reminder:{link}:{}", self.number)
    }
}

/// The merchants with reminders, for all their links or for single ones.
pub async fn merchants(db: &impl ConnectionTrait) -> Result<Vec<Merchant>, DbErr> {
    let own = Query::select()
        .column(link::Column::Id)
        .from(link::Entity)
        .and_where(Expr::col((link::Entity, link::Column::MerchantId)).equals((merchant::Entity, merchant::Column::Id)))
        .and_where(link::Column::Reminding.is_not_null())
        .to_owned();
    merchant::Entity::find().filter(merchant::Column::Reminders.eq(true).or(Expr::exists(own))).all(db).await
}

/// A schedule of reminders and the links it applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    merchant: MerchantId,
    /// Applies to links with exactly these settings; if `None`, to links without their own.
    own: Option<OwnReminding>,
    reminding: Reminding,
}

/// A merchant's schedules: the general one and those of single open links.
pub async fn schedules(db: &impl ConnectionTrait, owner: &Merchant) -> Result<Vec<Schedule>, DbErr> {
    let of_links: Vec<OwnReminding> = link::Entity::find()
        .select_only()
        .column(link::Column::Reminding)
        .distinct()
        .filter(link::Column::MerchantId.eq(owner.id))
        .filter(link::Column::Reminding.is_not_null())
        .filter(link::Column::Id.in_subquery(link::open::of_merchant(owner.id)))
        .into_tuple()
        .all(db)
        .await?;
    let all = [None].into_iter().chain(of_links.into_iter().map(Some));
    let schedules =
        all.map(|own| Schedule { merchant: owner.id, own, reminding: own.unwrap_or_default().over(owner.reminding()) });
    Ok(schedules.filter(|schedule| schedule.reminding.on).collect())
}

/// A page of the schedule's links, by id, whose last text is old enough and which have reminders left. Whether a
/// reminder is due is decided by [`due`].
pub async fn candidates(
    db: &impl ConnectionTrait,
    schedule: Schedule,
    at: DateTime<Utc>,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<link::Model>, DbErr> {
    let is_old_enough = |days: i64| {
        Expr::not_exists(texts().cond_where(counts()).cond_where(asked_after(at - TimeDelta::days(days))).to_owned())
    };
    let reminded = Query::select()
        .expr(Expr::col((message::Entity, message::Column::Id)).count())
        .from(message::Entity)
        .and_where(Expr::col((message::Entity, message::Column::LinkId)).equals((link::Entity, link::Column::Id)))
        .and_where(message::Column::Origin.eq(Origin::Reminder))
        .to_owned();
    let Schedule { merchant, own, reminding } = schedule;
    let of_schedule = own.map_or_else(|| link::Column::Reminding.is_null(), |own| link::Column::Reminding.eq(own));
    let regular = is_old_enough(reminding.after_days).and(Expr::from(reminded).lt(reminding.at_most));
    let last =
        is_old_enough(reminding.last_days).and(link::Column::ExpiresAt.lte(at + TimeDelta::days(reminding.last_days)));
    let mut query = link::open::only_in(link::Entity::find(), merchant, LinkState::Unpaid)
        .filter(of_schedule)
        .filter(link::Column::ExpiresAt.gt(at))
        .filter(link::Column::RemindersStoppedAt.is_null())
        .filter(Expr::exists(texts().and_where(message::Column::Status.is_not_in(NOT_SENT)).to_owned()))
        .filter(regular.or(last));
    if let Some(after) = after {
        query = query.filter(link::open::Column::LinkId.gt(after));
    }
    query.order_by_asc(link::open::Column::LinkId).limit(limit).all(db).await
}

/// Statuses of texts that were not and will not be sent.
const NOT_SENT: [MessageStatus; 2] = [MessageStatus::Failed, MessageStatus::Cancelled];

/// Texts that delay the next reminder: those that were or may still be sent, and reminders that failed.
fn counts() -> Condition {
    Condition::any().add(message::Column::Status.is_not_in(NOT_SENT)).add(message::Column::Origin.eq(Origin::Reminder))
}

/// Texts created after this time or scheduled for later.
fn asked_after(at: DateTime<Utc>) -> Condition {
    Condition::any().add(message::Column::CreatedAt.gt(at)).add(message::Column::ScheduledFor.gt(at))
}

/// The texts that carry a link.
fn texts() -> SelectStatement {
    Query::select()
        .column(message::Column::Id)
        .from(message::Entity)
        .and_where(Expr::col((message::Entity, message::Column::LinkId)).equals((link::Entity, link::Column::Id)))
        .and_where(message::Column::Direction.eq(Direction::Outgoing))
        .to_owned()
}

/// The reminder of this link that is due at `at`, if any.
pub async fn due(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    link: &link::Model,
    at: DateTime<Utc>,
) -> Result<Option<Reminder>, DbErr> {
    let may_be_paid = link.state == LinkState::Unpaid && !link.awaits_renewal() && link.expires_at > at;
    let reminding = link.reminding_under(owner);
    if !reminding.on || !may_be_paid || link.reminders_stopped_at.is_some() {
        return Ok(None);
    }
    // A buyer who named a payment day is not reminded before that day is over.
    if link.expected_state(at) == Some(ExpectedState::Pending) {
        return Ok(None);
    }
    let sent = message::Entity::find()
        .filter(message::Column::MerchantId.eq(owner.id))
        .filter(message::Column::LinkId.eq(link.id))
        .filter(message::Column::Direction.eq(Direction::Outgoing))
        .filter(counts())
        .all(db)
        .await?;
    let reminders = sent.iter().filter(|message| message.origin == Origin::Reminder).count() as u64;
    let went_out = sent.iter().any(|message| !NOT_SENT.contains(&message.status));
    let last = sent.iter().max_by_key(|message| message.asked_at()).filter(|_| went_out);
    let Some(last) = last else { return Ok(None) };
    let is_old_enough = |days: i64| last.asked_at() + TimeDelta::days(days) <= at;
    let is_regular = is_old_enough(reminding.after_days) && reminders < reminding.at_most.unsigned_abs();
    let last_days = reminding.last_days;
    let is_last = last_days > 0 && link.expires_at <= at + TimeDelta::days(last_days) && is_old_enough(last_days);
    if !is_regular && !is_last {
        return Ok(None);
    }
    let conversation = conversation::find(db, owner.id, last.conversation_id).await?;
    let Some(conversation) = conversation.filter(|it| it.opted_out_at.is_none()) else { return Ok(None) };
    let times = owner.text_times();
    let hour = |phone: &PhoneNumber| phone.waking_hour_from(at, &times);
    let Some(not_before) = conversation.phone.as_ref().map(hour) else { return Ok(None) };
    Ok(Some(Reminder { conversation, number: reminders + 1, not_before }))
}
