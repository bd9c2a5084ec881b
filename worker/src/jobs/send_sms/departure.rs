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
        return not("Not sent: its words had been erased by then.");
    };
    if conversation.opted_out_at.is_some() {
        return not("The buyer has asked to get no more texts.");
    }
    let Some(phone) = conversation.phone else { return not("Not sent: the buyer's number had been erased by then.") };
    match (message.link_id, &link) {
        (Some(_), None) => return not("Not sent: the link had been erased by then."),
        (Some(_), Some(link)) if link.state != waited_for(message.origin) => return not(overtaken_by(link.state)),
        (_, _) => {}
    }
    let owner = merchant::get(tx, message.merchant_id).await?;
    if owner.is_suspended() {
        return not("Not sent: your account was suspended at that time.");
    }
    // In a run for a future time, a text is sent at the hour it was created for.
    let at = context.now().max(message.asked_at());
    if message.origin == Origin::Reminder
        && let Some(decided) = decide_reminder(&owner, link.as_ref(), at)
    {
        return Ok(decided);
    }
    if message.origin.is_automatic() {
        let earliest = phone.waking_hour_from(at, &owner.text_times());
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
        return Some(Departure::NotAnyMore("Not sent: there were to be no more reminders.".to_owned()));
    }
    if link.is_some_and(|link| link.expires_at <= at) {
        return Some(Departure::NotAnyMore("Not sent: the link had expired by then.".to_owned()));
    }
    None
}

/// Why a text is not sent about a link that has come to this state meanwhile.
const fn overtaken_by(state: LinkState) -> &'static str {
    match state {
        LinkState::Creating | LinkState::Failed => "Not sent: the link could not be paid.",
        LinkState::Unpaid => "Not sent: the link was unpaid again by then.",
        LinkState::Processing => "Not sent: the buyer was already paying.",
        LinkState::Paid => "Not sent: the buyer had paid by then.",
        LinkState::Voiding | LinkState::Voided => "Not sent: the link had been voided by then.",
        LinkState::Expiring | LinkState::Expired => "Not sent: the link had expired by then.",
        LinkState::Settling => "Not sent: the link had been marked as paid by then.",
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The console says it in the reader's language, and knows it by these words.
    #[test]
    fn the_console_can_say_what_overtook_a_text() {
        let table = include_str!("../../../../api/src/console/assets/strings/en.json");
        for state in LinkState::ALL {
            let said = serde_json::to_string(overtaken_by(*state)).unwrap();
            assert!(table.contains(&said), "{said}");
        }
    }
}
