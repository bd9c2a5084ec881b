//! `process_sms_event`: applies a delivery report or an incoming text.

mod incoming;

use chrono::{DateTime, Utc};
use domain::{
    MerchantId, MessageId,
    message::MessageStatus,
    sms_event::{Progress, SmsEvent},
};
use entity::{
    Message, Transaction, message,
    webhook_event::{self, AppliedMeanwhile, Conclusion, EventState, WebhookEvent},
};
use queue::{Done, EnqueuedJob, JobError, JobHandler, Lease, ProcessSmsEvent};
use sea_orm::DbErr;

use crate::{JobContext, carrier::without_foreign_words, missing_row::MissingRow};

/// The report came before the answer to the request that sent the message.
#[derive(Debug, thiserror::Error)]
#[error("no message of this id is known yet")]
struct TooEarly;

impl JobHandler<JobContext> for ProcessSmsEvent {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let found = webhook_event::find(context.db.pool(), self.merchant, self.event).await?;
        let event = found.ok_or_else(|| JobError::fail(MissingRow(self.event.to_string())))?;
        let now = context.now();
        let tx = context.db.begin().await?;
        let (state, enqueued) = match &event.payload {
            None => (EventState::Ignored, Vec::new()),
            Some(payload) => {
                let told: SmsEvent = serde_json::from_str(payload).map_err(JobError::fail)?;
                // An event stored by an earlier version may contain characters that no database accepts.
                apply(context, &tx, &event, told.plain(), now).await?
            }
        };
        let (merchant, event) = (self.merchant, self.event);
        let is_first = !lease.has_row();
        let conclusion = Conclusion { merchant, event, state, link: None, error: None, is_first };
        if let Err(AppliedMeanwhile) = webhook_event::conclude(&tx, &[conclusion], now).await? {
            return lease.finish_applied(tx, &context.db, now).await;
        }
        let done = lease.finish(tx, now).await?;
        context.queue.notify(enqueued);
        Ok(done)
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let error = Some("It could not be applied; the job's error says why.".to_owned());
        let (merchant, event) = (self.merchant, self.event);
        // The job has a row by now. What another one has applied stays so.
        let failed = Conclusion { merchant, event, state: EventState::Failed, link: None, error, is_first: false };
        webhook_event::conclude(tx, &[failed], now).await.map(|_| ())
    }
}

async fn apply(
    context: &JobContext,
    tx: &Transaction,
    event: &WebhookEvent,
    told: SmsEvent,
    now: DateTime<Utc>,
) -> Result<(EventState, Vec<EnqueuedJob>), JobError> {
    match told {
        SmsEvent::Report { carrier_id, message, progress } => {
            let found = find_message(tx, event.merchant_id, carrier_id.as_deref(), message).await?;
            let message = found.ok_or_else(|| JobError::retry(TooEarly))?;
            report(context, tx, &message, DeliveryReport { carrier_id, progress }, now).await?;
            Ok((EventState::Applied, Vec::new()))
        }
        SmsEvent::Text { carrier_id, from, body, keyword, pictures } => {
            let text = incoming::IncomingText { carrier_id, from, body, keyword, pictures };
            incoming::receive(context, tx, event, text, now).await
        }
    }
}

/// A delivery report of a carrier.
struct DeliveryReport {
    carrier_id: Option<String>,
    progress: Progress,
}

/// Applies a delivery report. Reports may be late, repeated and out of order: a message's status never goes back, and
/// its hold is settled once.
async fn report(
    context: &JobContext,
    tx: &Transaction,
    message: &Message,
    DeliveryReport { carrier_id, progress }: DeliveryReport,
    now: DateTime<Utc>,
) -> Result<(), JobError> {
    let rule = context.sms.undelivered;
    let carrier_id = match &carrier_id {
        // The carrier's id may already belong to another message: two equal texts, one of which was looked up.
        Some(id) => {
            let known = message::find_by_carrier_id(tx, message.merchant_id, id).await?;
            carrier_id.filter(|_| known.is_none_or(|known| known.id == message.id))
        }
        None => None,
    };
    // Whatever the report says, the carrier has accepted the text.
    message::sent(tx, message, carrier_id, rule, now).await.map_err(JobError::retry)?;
    match progress {
        Progress::UnderWay => Ok(()),
        Progress::Delivered => message::delivered(tx, message, now).await,
        Progress::Undelivered { why } => {
            // Carriers repeat their reports.
            if message.status != MessageStatus::Undelivered {
                tracing::warn!(
                    merchant.id = %message.merchant_id, message.id = %message.id, cause = without_foreign_words(&why),
                    "a carrier could not deliver a text"
                );
            }
            message::undelivered(tx, message, why, rule, now).await
        }
    }
    .map_err(JobError::retry)
}

/// Finds the message by our id in the URL, or by the carrier's id, since the answer to the request may have been lost.
async fn find_message(
    tx: &Transaction,
    merchant: MerchantId,
    carrier_id: Option<&str>,
    message: Option<MessageId>,
) -> Result<Option<Message>, DbErr> {
    if let Some(id) = message
        && let Some(found) = message::find(tx, merchant, id).await?
    {
        return Ok(Some(found));
    }
    match carrier_id {
        Some(carrier_id) => message::find_by_carrier_id(tx, merchant, carrier_id).await,
        None => Ok(None),
    }
}
