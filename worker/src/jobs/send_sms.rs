//! `send_sms`: hands a text to the carrier and settles its credits. Never two texts for one command: before the wire the
//! message is marked `sending`, in a transaction of its own; a message found in that state may have left, and is looked for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{
    Conversation, LinkState, Message, conversation,
    credits::{self, CreditError, Settlement},
    link,
    message::{self, Learnt, MessageStatus},
};
use queue::{Done, JobError, Lease, SendSms};
use sea_orm::{DatabaseTransaction, DbErr};

use super::{Missing, nothing_to_do};
use crate::{
    Work,
    carrier::{Handover, Refusal, Twilio},
    handler::Handler,
};

/// How long after an unanswered request the carrier is asked about it for the first time.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// What became of a text is not known.
#[derive(Debug, thiserror::Error)]
#[error("it is not known whether the carrier took it: {0}")]
struct Unknown(String);

/// The carrier did not process the text.
#[derive(Debug, thiserror::Error)]
#[error("the carrier has too much to do")]
struct Busy;

impl Handler for SendSms {
    async fn run(&self, work: &Work, lease: &Lease) -> Result<Done, JobError> {
        let found = message::find(work.db.pool(), self.merchant, self.message).await?;
        let message = found.ok_or_else(|| JobError::fail(Missing(self.message.to_string())))?;
        match message.status {
            MessageStatus::Queued => send(work, lease, &message).await,
            MessageStatus::Sending | MessageStatus::Unknown => look_for(work, lease, &message).await,
            MessageStatus::Received
            | MessageStatus::Sent
            | MessageStatus::Delivered
            | MessageStatus::Undelivered
            | MessageStatus::Failed => nothing_to_do(work, lease).await,
        }
    }

    /// What certainly did not leave is given back; what may have left stays held, for a person to settle.
    async fn give_up(&self, _: &Work, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(message) = message::find(tx, self.merchant, self.message).await? else { return Ok(()) };
        match message.status {
            MessageStatus::Queued => fail(tx, &message, "The carrier could not be reached.".to_owned(), now).await,
            MessageStatus::Sending => {
                message::advance(tx, self.merchant, self.message, MessageStatus::Unknown, Learnt::default(), now)
                    .await
                    .map(|_| ())
            }
            MessageStatus::Unknown
            | MessageStatus::Received
            | MessageStatus::Sent
            | MessageStatus::Delivered
            | MessageStatus::Undelivered
            | MessageStatus::Failed => Ok(()),
        }
    }
}

async fn send(work: &Work, lease: &Lease, message: &Message) -> Result<Done, JobError> {
    let conversation = find_conversation(work, message).await?;
    if let Some(why) = reason_not_to(work, message, &conversation).await? {
        return refuse(work, lease, message, Refusal { reason: why, opted_out: false }).await;
    }
    let (Some(phone), Some(body)) = (&conversation.phone, &message.body) else {
        let reason = "The number or the text was erased before it was sent.".to_owned();
        return refuse(work, lease, message, Refusal { reason, opted_out: false }).await;
    };
    let carrier = work.carrier(message.merchant_id).await?;
    let (merchant, id) = (message.merchant_id, message.id);
    if !message::advance(work.db.pool(), merchant, id, MessageStatus::Sending, Learnt::default(), work.now()).await? {
        return Err(JobError::NotOurs);
    }
    // The id in the URL lets a report settle a message whose answer was lost.
    let report_to = format!("{}/webhooks/sms/{merchant}?message={id}", work.public_url);
    match carrier.send(phone.as_e164(), body, &report_to).await {
        Handover::Accepted { id } => accept(work, lease, message, id).await,
        Handover::Refused(refusal) => refuse(work, lease, message, refusal).await,
        Handover::Busy { after } => {
            message::requeue(work.db.pool(), merchant, id).await?;
            Err(after.map_or_else(|| JobError::retry(Busy), |after| JobError::retry_after(Busy, after)))
        }
        Handover::NotSent(error) => {
            message::requeue(work.db.pool(), merchant, id).await?;
            Err(JobError::retry(error))
        }
        Handover::Unknown(why) => {
            message::advance(work.db.pool(), merchant, id, MessageStatus::Unknown, Learnt::default(), work.now())
                .await?;
            Err(JobError::retry_after(Unknown(why), FIRST_LOOK))
        }
    }
}

async fn find_conversation(work: &Work, message: &Message) -> Result<Conversation, JobError> {
    conversation::find(work.db.pool(), message.merchant_id, message.conversation_id)
        .await?
        .ok_or_else(|| JobError::fail(Missing(message.conversation_id.to_string())))
}

/// What has changed since the command was accepted.
async fn reason_not_to(
    work: &Work,
    message: &Message,
    conversation: &Conversation,
) -> Result<Option<String>, JobError> {
    if conversation.opted_out_at.is_some() {
        return Ok(Some("The buyer has asked to get no more texts.".to_owned()));
    }
    let Some(link) = message.link_id else { return Ok(None) };
    let link = link::find(work.db.pool(), message.merchant_id, link).await?;
    Ok(match link {
        Some(link) if link.state == LinkState::Unpaid => None,
        Some(link) => Some(format!("The link was {} before the text was sent.", link.state)),
        None => Some("The link does not exist.".to_owned()),
    })
}

async fn accept(work: &Work, lease: &Lease, message: &Message, carrier_id: String) -> Result<Done, JobError> {
    let now = work.now();
    let tx = work.db.begin().await?;
    let learnt = Learnt { carrier_id: Some(carrier_id), error: None };
    take(&tx, message, learnt, now).await?;
    lease.finish(tx, now).await
}

/// The carrier has it: the message is `sent`, the credits are spent. A report may have said so already.
pub(super) async fn take(
    tx: &DatabaseTransaction,
    message: &Message,
    learnt: Learnt,
    now: DateTime<Utc>,
) -> Result<(), JobError> {
    if message::advance(tx, message.merchant_id, message.id, MessageStatus::Sent, learnt, now).await?
        && let Some(link) = message.link_id
    {
        link::note(tx, link, now, "sent", None).await?;
    }
    settle(tx, message, Settlement::Capture, now).await
}

async fn refuse(work: &Work, lease: &Lease, message: &Message, refusal: Refusal) -> Result<Done, JobError> {
    let now = work.now();
    let tx = work.db.begin().await?;
    if refusal.opted_out {
        conversation::set_opted_out(&tx, message.conversation_id, Some(now)).await?;
    }
    fail(&tx, message, refusal.reason, now).await?;
    lease.finish(tx, now).await
}

async fn fail(tx: &DatabaseTransaction, message: &Message, why: String, now: DateTime<Utc>) -> Result<(), DbErr> {
    let learnt = Learnt { carrier_id: None, error: Some(why) };
    if !message::advance(tx, message.merchant_id, message.id, MessageStatus::Failed, learnt, now).await? {
        return Ok(());
    }
    match credits::settle(tx, message.merchant_id, message.id, Settlement::Release, now).await {
        Ok(_) => Ok(()),
        Err(CreditError::Db(error)) => Err(error),
        Err(error) => Err(DbErr::Custom(error.to_string())),
    }
}

async fn settle(
    tx: &DatabaseTransaction,
    message: &Message,
    settlement: Settlement,
    now: DateTime<Utc>,
) -> Result<(), JobError> {
    credits::settle(tx, message.merchant_id, message.id, settlement, now).await.map(|_| ()).map_err(JobError::retry)
}

/// Asks the carrier for a text that may have left. Not to find it proves nothing, so it is asked again, and then parked.
async fn look_for(work: &Work, lease: &Lease, message: &Message) -> Result<Done, JobError> {
    let (merchant, id, now) = (message.merchant_id, message.id, work.now());
    message::advance(work.db.pool(), merchant, id, MessageStatus::Unknown, Learnt::default(), now).await?;
    let conversation = find_conversation(work, message).await?;
    let carrier = work.carrier(merchant).await?;
    match find_at(&carrier, work, message, &conversation).await? {
        Some(carrier_id) => accept(work, lease, message, carrier_id).await,
        None => Err(JobError::retry(Unknown("the carrier does not list it".to_owned()))),
    }
}

/// The carrier's id of the text: same number, same words, since the command, and not known to be another message's.
async fn find_at(
    carrier: &Twilio,
    work: &Work,
    message: &Message,
    conversation: &Conversation,
) -> Result<Option<String>, JobError> {
    let (Some(phone), Some(body)) = (&conversation.phone, &message.body) else { return Ok(None) };
    let sent = carrier.sent_to(phone.as_e164(), message.created_at).await.map_err(JobError::retry)?;
    for known in sent.into_iter().filter(|known| known.body == *body) {
        if message::find_by_carrier_id(work.db.pool(), message.merchant_id, &known.id).await?.is_none() {
            return Ok(Some(known.id));
        }
    }
    Ok(None)
}
