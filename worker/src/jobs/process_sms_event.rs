//! `process_sms_event`: applies a delivery report or an incoming text.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    Message, PhoneNumber, conversation, message,
    message::{Learnt, MessageStatus},
    webhook_event::{self, EventState, WebhookEvent},
};
use queue::{Done, JobError, Lease, ProcessSmsEvent};
use sea_orm::{DatabaseTransaction, DbErr};

use super::{Missing, send_sms::take};
use crate::{Work, handler::Handler};

/// Whoever texts one of these wants no more texts.
const OPT_OUT: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"];

/// Whoever texts one of these wants them again.
const OPT_IN: [&str; 3] = ["START", "YES", "UNSTOP"];

/// A report came before the answer to the message that it is about.
#[derive(Debug, thiserror::Error)]
#[error("no message of this id is known yet")]
struct TooEarly;

/// The form that the carrier sent.
struct Form(HashMap<String, String>);

impl Form {
    fn parse(payload: &str) -> Result<Self, JobError> {
        let pairs: Vec<(String, String)> = serde_json::from_str(payload).map_err(JobError::fail)?;
        Ok(Self(pairs.into_iter().collect()))
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Handler for ProcessSmsEvent {
    async fn run(&self, work: &Work, lease: &Lease) -> Result<Done, JobError> {
        let found = webhook_event::find(work.db.pool(), self.merchant, self.event).await?;
        let event = found.ok_or_else(|| JobError::fail(Missing(self.event.to_string())))?;
        let now = work.now();
        let tx = work.db.begin().await?;
        let state = match &event.payload {
            None => EventState::Ignored,
            Some(payload) => apply(work, &tx, &event, &Form::parse(payload)?, now).await?,
        };
        webhook_event::conclude(&tx, &event, state, None, None, now).await?;
        lease.finish(tx, now).await
    }

    async fn give_up(&self, _: &Work, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(event) = webhook_event::find(tx, self.merchant, self.event).await? else { return Ok(()) };
        let why = Some("It could not be applied; the job's error says why.".to_owned());
        webhook_event::conclude(tx, &event, EventState::Failed, None, why, now).await
    }
}

async fn apply(
    work: &Work,
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<EventState, JobError> {
    if event.kind == "incoming" {
        receive(work, tx, event, form, now).await
    } else {
        report(tx, event, form, now).await
    }
}

/// A delivery report. They come late, twice and out of order: `message::advance` never goes back.
async fn report(
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<EventState, JobError> {
    let message = find_message(tx, event, form).await?.ok_or_else(|| JobError::retry(TooEarly))?;
    let last = match form.get("MessageStatus") {
        "delivered" => Some((MessageStatus::Delivered, None)),
        "undelivered" | "failed" => Some((MessageStatus::Undelivered, Some(why_undelivered(form.get("ErrorCode"))))),
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => None,
        _ => return Ok(EventState::Ignored),
    };
    // Whatever a report says, the carrier has the text.
    let learnt = Learnt { carrier_id: Some(form.get("MessageSid").to_owned()), error: None };
    take(tx, &message, learnt, now).await?;
    if let Some((status, error)) = last {
        let learnt = Learnt { carrier_id: None, error };
        message::advance(tx, event.merchant_id, message.id, status, learnt, now).await?;
    }
    Ok(EventState::Applied)
}

/// By the carrier's id, or by ours in the URL that we gave: the answer to the handover may have been lost.
async fn find_message(tx: &DatabaseTransaction, event: &WebhookEvent, form: &Form) -> Result<Option<Message>, DbErr> {
    let known = message::find_by_carrier_id(tx, event.merchant_id, form.get("MessageSid")).await?;
    match (known, form.get("paylink_message").parse()) {
        (Some(message), _) => Ok(Some(message)),
        (None, Ok(id)) => message::find(tx, event.merchant_id, id).await,
        (None, Err(_)) => Ok(None),
    }
}

fn why_undelivered(code: &str) -> String {
    match code {
        "30003" => "The phone could not be reached.".to_owned(),
        "30004" => "The buyer's number blocks texts.".to_owned(),
        "30005" => "The number is unknown.".to_owned(),
        "30006" => "This is a landline, or its carrier takes no texts.".to_owned(),
        "30007" => "The carrier filtered the text as unwanted.".to_owned(),
        "" => "The carrier could not deliver the text.".to_owned(),
        code => format!("The carrier could not deliver the text ({code})."),
    }
}

/// An incoming text: it joins the conversation, and STOP and its kin are heeded at once.
async fn receive(
    work: &Work,
    tx: &DatabaseTransaction,
    event: &WebhookEvent,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<EventState, JobError> {
    let merchant = event.merchant_id;
    // Short codes and names text too; nobody can be answered there.
    let Ok(from) = PhoneNumber::from_e164(form.get("From")) else { return Ok(EventState::Ignored) };
    let conversation = conversation::open(tx, &work.vault, merchant, &from, None, now).await?;
    let (carrier_id, body) = (form.get("MessageSid").to_owned(), form.get("Body").to_owned());
    let said = body.trim().to_uppercase();
    message::insert_incoming(tx, merchant, conversation.id, carrier_id, body, event.received_at).await?;
    if OPT_OUT.contains(&said.as_str()) {
        conversation::set_opted_out(tx, conversation.id, Some(now)).await?;
    } else if OPT_IN.contains(&said.as_str()) {
        conversation::set_opted_out(tx, conversation.id, None).await?;
    }
    Ok(EventState::Applied)
}
