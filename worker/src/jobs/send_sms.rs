//! `send_sms`: hands a text to the carrier and settles its credits. A command never results in two texts: before the
//! request goes out, the message is marked `sending` in a transaction of its own. A message found in that state may
//! have been sent, so it is looked up instead of sent again.

mod departure;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{PhoneNumber, message::MessageStatus};
use entity::{
    Message, Transaction,
    conversation::{self, OptOut, OptOutSource},
    credits::CreditError,
    message, retry_conflicts,
};
use queue::{
    Done, JobError, JobHandler, Lease, SendSms,
    flow::{CARRIER_IS_BUSY, NIGHT},
};
use sea_orm::DbErr;

use self::departure::{Departure, depart};
use super::nothing_to_do;
use crate::{
    JobContext,
    carrier::{Carrier, CarrierRefusal, Handover, OutgoingText},
    metrics,
    missing_row::MissingRow,
};

/// The delay of the first lookup after an unanswered request.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// How far the carrier's clock may be behind ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(2);

/// Whether the text was sent is unknown.
#[derive(Debug, thiserror::Error)]
#[error("it is not known whether the carrier took it: {0}")]
struct Unknown(String);

/// The carrier did not process the text.
#[derive(Debug, thiserror::Error)]
#[error("{CARRIER_IS_BUSY}")]
struct Busy;

/// The message changed meanwhile; the next attempt uses its current state.
#[derive(Debug, thiserror::Error)]
#[error("the message was settled or taken on meanwhile")]
struct MessageMoved;

/// It is too late or too early in the day for a text that no one is waiting for.
#[derive(Debug, thiserror::Error)]
#[error("{NIGHT}")]
struct NightTime;

impl JobHandler<JobContext> for SendSms {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let found = message::find(context.db.pool(), self.merchant, self.message).await?;
        let message = found.ok_or_else(|| JobError::fail(MissingRow(self.message.to_string())))?;
        match message.status {
            MessageStatus::Queued => send(context, lease, &message).await,
            MessageStatus::Sending | MessageStatus::Unknown => look_for(context, lease, &message).await,
            MessageStatus::Received
            | MessageStatus::Scheduled
            | MessageStatus::Sent
            | MessageStatus::Delivered
            | MessageStatus::Undelivered
            | MessageStatus::Failed
            | MessageStatus::Cancelled => nothing_to_do(context, lease).await,
        }
    }

    /// Releases the credits of a text that was certainly not sent. One that may have been sent keeps its hold until a
    /// person resolves it.
    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(message) = message::find(tx, self.merchant, self.message).await? else { return Ok(()) };
        match message.status {
            MessageStatus::Queued => {
                let why = "The carrier could not be reached.".to_owned();
                message::refused(tx, &message, why, now).await.map(|_| ()).map_err(CreditError::into_db)
            }
            MessageStatus::Sending | MessageStatus::Unknown => {
                message::leave_to_person(tx, self.merchant, self.message, now).await
            }
            MessageStatus::Received
            | MessageStatus::Scheduled
            | MessageStatus::Sent
            | MessageStatus::Delivered
            | MessageStatus::Undelivered
            | MessageStatus::Failed
            | MessageStatus::Cancelled => Ok(()),
        }
    }
}

async fn send(context: &JobContext, lease: &Lease, message: &Message) -> Result<Done, JobError> {
    let integration = context.sms_integration(message.merchant_id).await?;
    let (carrier, report_to) = (context.carriers.of(&integration)?, context.report_url(&integration, message.id)?);
    // Before the message is marked: a message whose job is snoozed was not sent.
    let permit = context.carrier_service(&integration).acquire("messages").await?;
    let (phone, body) = match depart(context, message).await? {
        Departure::Leaving { phone, body } => (phone, body),
        Departure::NotAnyMore(why) => {
            metrics::text_refused(false);
            return refuse(context, lease, message, CarrierRefusal::because(why)).await;
        }
        Departure::Later(at) => return Err(JobError::postpone(NightTime, at)),
        Departure::Elsewhere => return Err(JobError::retry_after(MessageMoved, FIRST_LOOK)),
    };
    let text = OutgoingText { id: message.id, to: phone.as_e164(), body: &body, report_to: Some(&report_to) };
    let handover = carrier.send(text).await;
    if handover.means_down() {
        permit.failed();
    } else {
        permit.answered();
    }
    match handover {
        Handover::Accepted { id } => accept(context, lease, message, id).await,
        Handover::Refused(refusal) => {
            metrics::text_refused(true);
            refuse(context, lease, message, refusal).await
        }
        Handover::Busy { after } => {
            requeue(context, message).await?;
            Err(after.map_or_else(|| JobError::retry(Busy), |after| JobError::retry_after(Busy, after)))
        }
        Handover::NotSent(error) => {
            requeue(context, message).await?;
            Err(JobError::retry(error))
        }
        Handover::Unknown { why, .. } => {
            mark_unknown(context, message).await?;
            Err(JobError::retry_after(Unknown(why), FIRST_LOOK))
        }
    }
}

async fn requeue(context: &JobContext, message: &Message) -> Result<(), DbErr> {
    let tx = context.db.begin().await?;
    message::requeue(&tx, message.merchant_id, message.id, context.now()).await?;
    tx.commit().await
}

async fn mark_unknown(context: &JobContext, message: &Message) -> Result<(), DbErr> {
    let (merchant, id) = (message.merchant_id, message.id);
    let tx = context.db.begin().await?;
    message::advance(&tx, merchant, id, MessageStatus::Unknown, context.now()).await?;
    tx.commit().await
}

/// Retries conflicts here instead of restarting the job: the text was sent, and a restart would look it up.
async fn accept(
    context: &JobContext,
    lease: &Lease,
    message: &Message,
    carrier_id: Option<String>,
) -> Result<Done, JobError> {
    let accept = || async {
        let now = context.now();
        let tx = context.db.begin().await?;
        message::sent(&tx, message, carrier_id.clone(), context.sms.undelivered, now).await.map_err(JobError::retry)?;
        lease.finish(tx, now).await
    };
    retry_conflicts(accept, JobError::is_conflict_of_rows).await
}

async fn refuse(
    context: &JobContext,
    lease: &Lease,
    message: &Message,
    refusal: CarrierRefusal,
) -> Result<Done, JobError> {
    tracing::warn!(
        merchant.id = %message.merchant_id, message.id = %message.id, opted_out = refusal.opted_out, cause = refusal.cause(),
        "a text was refused; `paylink why` tells all of it"
    );
    let refuse = || async {
        let now = context.now();
        let tx = context.db.begin().await?;
        if refusal.opted_out
            && let Some(conversation) = conversation::find(&tx, message.merchant_id, message.conversation_id).await?
        {
            let opted_out =
                conversation::opt_out(&tx, &conversation, OptOut::by(OptOutSource::Carrier, now), now).await;
            opted_out.map_err(JobError::retry)?;
        }
        message::refused(&tx, message, refusal.reason.clone(), now).await.map_err(JobError::retry)?;
        lease.finish(tx, now).await
    };
    retry_conflicts(refuse, JobError::is_conflict_of_rows).await
}

/// Asks the carrier for a text that may have been sent. Not finding it proves nothing, so it is asked again; after
/// that, a person must resolve it.
async fn look_for(context: &JobContext, lease: &Lease, message: &Message) -> Result<Done, JobError> {
    mark_unknown(context, message).await?;
    let integration = context.sms_integration(message.merchant_id).await?;
    let carrier = context.carriers.of(&integration)?;
    let conversation = conversation::find(context.db.pool(), message.merchant_id, message.conversation_id).await?;
    let found = match (conversation.and_then(|conversation| conversation.phone), &message.body) {
        (Some(phone), Some(body)) => find_at(carrier.as_ref(), context, message, &phone, body).await?,
        (_, _) => None,
    };
    match found {
        Some(carrier_id) => accept(context, lease, message, Some(carrier_id)).await,
        None => Err(JobError::retry(Unknown("the carrier does not list it".to_owned()))),
    }
}

/// The carrier's id of the text: same number, same words, sent since the command, and not another message's. A report
/// may already have assigned it to this one.
async fn find_at(
    carrier: &dyn Carrier,
    context: &JobContext,
    message: &Message,
    phone: &PhoneNumber,
    body: &str,
) -> Result<Option<String>, JobError> {
    // A run for a future time sends before the message's own time.
    let asked_at = message.asked_at().min(context.now());
    let sent = carrier.sent_to(phone.as_e164(), asked_at).await;
    let sent = sent.map_err(|error| JobError::retry(error.without_url()))?;
    let since = asked_at - CLOCK_SKEW;
    let fits = |taken_at: Option<DateTime<Utc>>| taken_at.is_none_or(|taken_at| taken_at >= since);
    for known in sent.into_iter().filter(|known| known.body == body && fits(known.taken_at)) {
        let owner = message::find_by_carrier_id(context.db.pool(), message.merchant_id, &known.id).await?;
        if owner.is_none_or(|owner| owner.id == message.id) {
            return Ok(Some(known.id));
        }
    }
    Ok(None)
}
