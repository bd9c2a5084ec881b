//! The final check before a text is sent, and its mark as `sending`, in one transaction: an opt-out or a void either
//! comes before and is seen, or comes after and finds a text that is already on its way.

use chrono::{DateTime, Utc};
use domain::{LinkState, PhoneNumber, message::MessageStatus};
use entity::{
    Merchant, Message, Transaction, conversation, link, merchant,
    message::{self, Origin},
};
use queue::JobError;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::JobContext;

/// The decision about a text that is due.
pub(super) enum Departure {
    /// It is marked as `sending`.
    Leaving {
        /// The buyer's number.
        phone: PhoneNumber,
        /// The text itself.
        body: String,
    },
    /// It must not be sent any more, for this reason.
    NotAnyMore(String),
    /// Not before this time.
    Later(DateTime<Utc>),
    /// Another worker has taken it.
    Elsewhere,
}

/// Repeats the checks from when the text was accepted, and marks it as `sending`.
pub(super) async fn depart(context: &JobContext, message: &Message) -> Result<Departure, JobError> {
    let tx = context.db.begin().await?;
    let decided = decide(context, &tx, message).await?;
    if let Departure::Leaving { .. } = &decided {
        let (merchant, id) = (message.merchant_id, message.id);
        if !message::advance(&tx, merchant, id, MessageStatus::Sending, context.now()).await? {
            tx.rollback().await?;
            return Ok(Departure::Elsewhere);
        }
    }
    tx.commit().await?;
    Ok(decided)
}

async fn decide(context: &JobContext, tx: &Transaction, message: &Message) -> Result<Departure, DbErr> {
    let not = |why: &str| Ok(Departure::NotAnyMore(why.to_owned()));
    // Locked first, in the order of locks, although it is checked last.
    let link = find_link(tx, message).await?;
    let conversation = conversation::Entity::find_by_id(message.conversation_id)
        .filter(conversation::Column::MerchantId.eq(message.merchant_id))
        .lock_shared()
        .one(tx)
        .await?;
    let (Some(conversation), Some(body)) = (conversation, message.body.clone()) else {
        return not("The text was erased before it was sent.");
    };
    if conversation.opted_out_at.is_some() {
        return not("The buyer has asked to get no more texts.");
    }
    let Some(phone) = conversation.phone else { return not("The number was erased before the text was sent.") };
    match (message.link_id, &link) {
        (Some(_), None) => return not("The link does not exist."),
        (Some(_), Some(link)) if link.state != waited_for(message.origin) => {
            return Ok(Departure::NotAnyMore(format!("The link was {} before the text was sent.", link.state)));
        }
        (_, _) => {}
    }
    let owner = merchant::get(tx, message.merchant_id).await?;
    if owner.is_suspended() {
        return not("The operator had suspended the merchant before the text was sent.");
    }
    // In a run for a future time, a text is sent at the hour it was created for.
    let at = context.now().max(message.asked_at());
    if message.origin == Origin::Reminder
        && let Some(decided) = decide_reminder(&owner, link.as_ref(), at)
    {
        return Ok(decided);
    }
    if message.origin.is_automatic() {
        let earliest = phone.waking_hour_from(at, &owner.zone());
        if earliest > at {
            return Ok(Departure::Later(earliest));
        }
    }
    Ok(Departure::Leaving { phone, body })
}

/// Whether anything speaks against a reminder.
fn decide_reminder(owner: &Merchant, link: Option<&link::Model>, at: DateTime<Utc>) -> Option<Departure> {
    let is_wanted = link.map_or(owner.reminders, |link| link.reminding_under(owner).on);
    if !is_wanted || link.is_some_and(|link| link.reminders_stopped_at.is_some()) {
        return Some(Departure::NotAnyMore("Reminders were stopped before it was sent.".to_owned()));
    }
    if link.is_some_and(|link| link.expires_at <= at) {
        return Some(Departure::NotAnyMore("The link expired before the reminder was sent.".to_owned()));
    }
    None
}

/// The state a link must have for a text of this origin.
const fn waited_for(origin: Origin) -> LinkState {
    match origin {
        Origin::Merchant | Origin::Reminder | Origin::Answer => LinkState::Unpaid,
        Origin::Receipt => LinkState::Paid,
        Origin::Voided => LinkState::Voided,
    }
}

async fn find_link(tx: &Transaction, message: &Message) -> Result<Option<link::Model>, DbErr> {
    let Some(id) = message.link_id else { return Ok(None) };
    link::Entity::find_by_id(id).filter(link::Column::MerchantId.eq(message.merchant_id)).lock_shared().one(tx).await
}
