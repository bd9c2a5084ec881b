//! An incoming text: it joins the conversation, and the words that carriers' rules give a meaning to are heeded at once.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{PhoneNumber, Region, sms::Body};
use entity::{
    Conversation, Merchant, Transaction, conversation, merchant,
    message::{self, CommandError, NewMessage, Origin},
    webhook_event::{EventState, WebhookEvent},
};
use queue::{EnqueueOptions, EnqueuedJob, JobError, SendSms, enqueue};

use crate::JobContext;

/// A buyer who asks for help more often than this is not answered again: two machines could be talking to each other.
const BETWEEN_ANSWERS: TimeDelta = TimeDelta::minutes(10);

/// A buyer's text, as the carrier passed it on.
pub(super) struct Incoming {
    pub(super) carrier_id: String,
    pub(super) from: String,
    pub(super) body: String,
}

pub(super) async fn receive(
    context: &JobContext,
    tx: &Transaction,
    event: &WebhookEvent,
    text: Incoming,
    now: DateTime<Utc>,
) -> Result<(EventState, Option<EnqueuedJob>), JobError> {
    let (merchant, at) = (event.merchant_id, event.received_at);
    // Short codes and names text too; nobody can be answered there.
    let owner = merchant::get(tx, merchant).await?;
    let Some(from) = number(&text.from, owner.region) else { return Ok((EventState::Ignored, None)) };
    // This also takes the conversation's lock: a text is leaving before an opt-out, or not at all.
    let conversation = conversation::open(tx, &context.vault, merchant, &from, None, now).await?;
    let said = Keyword::in_text(&text.body);
    message::insert_incoming(tx, merchant, conversation.id, text.carrier_id, text.body, at).await?;
    let enqueued_job = match said {
        Some(Keyword::Stop) => {
            stop(tx, &conversation, at, now).await?;
            None
        }
        Some(Keyword::Start) => {
            conversation::opt_in(tx, conversation.id, at).await?;
            None
        }
        Some(Keyword::Help) => answer(tx, &conversation, now).await?,
        None => None,
    };
    Ok((EventState::Applied, enqueued_job))
}

/// The number as a carrier writes it: international, or as it is dialled where the merchant is.
fn number(written: &str, region: Region) -> Option<PhoneNumber> {
    PhoneNumber::from_e164(written).or_else(|_| PhoneNumber::parse(written, region)).ok()
}

/// What a text means by itself. Case, surrounding space and a full stop do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyword {
    /// No more texts.
    Stop,
    /// Texts again.
    Start,
    /// Who are you?
    Help,
}

impl Keyword {
    fn in_text(body: &str) -> Option<Self> {
        let said = body.trim().trim_end_matches(['.', '!', '?']).trim_end().to_uppercase();
        match said.as_str() {
            "STOP" | "STOPALL" | "UNSUBSCRIBE" | "END" | "QUIT" | "CANCEL" | "REVOKE" | "OPTOUT" => Some(Self::Stop),
            "START" | "YES" | "UNSTOP" => Some(Self::Start),
            "HELP" | "INFO" => Some(Self::Help),
            _ => None,
        }
    }
}

/// The buyer wants no more texts: not even those that wait for their turn, which cost nothing then. One that asks for texts
/// again and came later, but was read before this one, wins.
async fn stop(
    tx: &Transaction,
    conversation: &Conversation,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), JobError> {
    let later = message::said_after(tx, conversation.merchant_id, conversation.id, at).await?;
    if later.iter().any(|body| Keyword::in_text(body) == Some(Keyword::Start)) {
        return Ok(());
    }
    conversation::opt_out(tx, conversation.id, at).await?;
    for waiting in message::waiting_for(tx, conversation.merchant_id, conversation.id).await? {
        let why = "The buyer has asked to get no more texts.".to_owned();
        message::refused(tx, &waiting, why, now).await.map_err(JobError::retry)?;
    }
    Ok(())
}

/// Answers a buyer who asks for help with who texts them: a message like any other, which costs credits. Without credits, without
/// a carrier, after an opt-out and after an answer just now there is none.
async fn answer(
    tx: &Transaction,
    conversation: &Conversation,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, JobError> {
    let (merchant, id) = (conversation.merchant_id, conversation.id);
    if message::answered_since(tx, merchant, id, now - BETWEEN_ANSWERS).await? {
        return Ok(None);
    }
    let owner = merchant::get(tx, merchant).await?;
    let Ok(body) = Body::set(&help_of(&owner), owner.typography()) else { return Ok(None) };
    let text = NewMessage { conversation: id, link: None, body, origin: Origin::Answer, once_key: None };
    // What is refused half-way is undone without the text that asked for it.
    let attempt = tx.savepoint().await?;
    match message::command(&attempt, &owner, text, now).await {
        Ok(message) => {
            let job = SendSms { merchant, message: message.id };
            let enqueued_job = enqueue(&attempt, &job, EnqueueOptions::for_merchant(merchant), now).await?;
            attempt.commit().await?;
            Ok(enqueued_job)
        }
        Err(CommandError::Credits(entity::credits::CreditError::Db(error))) => Err(error.into()),
        Err(refused) => {
            attempt.rollback().await?;
            tracing::info!(merchant.id = %merchant, conversation.id = %id, %refused, "a buyer who asked for help was not answered");
            Ok(None)
        }
    }
}

fn help_of(owner: &Merchant) -> String {
    let contact = owner.contact.as_ref().map(|contact| format!(" Contact: {contact}.")).unwrap_or_default();
    format!("{} texts you about your orders.{contact} Text STOP to get no more texts.", owner.name)
}

#[cfg(test)]
mod tests {
    use domain::Region;

    use super::{Keyword, number};

    #[test]
    fn a_number_is_read_as_it_is_dialled_where_the_merchant_is() {
        let read = |written, region| number(written, Region::parse(region).unwrap()).map(|it| it.as_e164().to_owned());
        assert_eq!(read("+447400123456", "US").as_deref(), Some("+447400123456"));
        assert_eq!(read("07400123456", "GB").as_deref(), Some("+447400123456"));
        assert_eq!(read("(202) 555-0123", "US").as_deref(), Some("+12025550123"));
        for no_number in ["Bakery", "", "12"] {
            assert_eq!(read(no_number, "US"), None, "{no_number}");
        }
    }

    #[test]
    fn keywords_are_heeded_however_they_are_written() {
        for (text, meaning) in [
            ("STOP", Some(Keyword::Stop)),
            (" stop \n", Some(Keyword::Stop)),
            ("Stop.", Some(Keyword::Stop)),
            ("stopall", Some(Keyword::Stop)),
            ("Unsubscribe!", Some(Keyword::Stop)),
            ("END", Some(Keyword::Stop)),
            ("quit", Some(Keyword::Stop)),
            ("Cancel", Some(Keyword::Stop)),
            ("REVOKE", Some(Keyword::Stop)),
            ("OptOut", Some(Keyword::Stop)),
            ("start", Some(Keyword::Start)),
            ("Yes", Some(Keyword::Start)),
            ("UNSTOP", Some(Keyword::Start)),
            ("help", Some(Keyword::Help)),
            ("INFO?", Some(Keyword::Help)),
            ("please stop", None),
            ("STOP THAT", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(Keyword::in_text(text), meaning, "{text:?}");
        }
    }
}
