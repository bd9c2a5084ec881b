//! An incoming text: it is added to the conversation, and keywords such as STOP take effect at once.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    MerchantId, PhoneNumber, Region,
    sms::{Body, Keyword},
    sms_event::PictureAt,
};
use entity::{
    Conversation, Merchant, Transaction,
    conversation::{self, OptOut, OptOutSource},
    merchant,
    message::{self, NewMessage, NotAccepted, Origin, ReceivedText},
    picture, restoration, sms_integration,
    webhook_event::{EventState, WebhookEvent},
};
use queue::{EnqueueOptions, EnqueuedJob, FetchPicture, JobError, SendSms, enqueue};

use crate::JobContext;

/// The shortest time between two answers to a buyer's requests for help, since two machines could be talking to each
/// other.
const BETWEEN_ANSWERS: TimeDelta = TimeDelta::minutes(10);

/// The requests for help that carriers answer themselves.
const ANSWERED_BY_CARRIERS: [&str; 2] = ["HELP", "INFO"];

/// Prefixes of numbers on other channels, such as `whatsapp:+…`. They reach the same handset.
const CHANNELS: [&str; 2] = ["whatsapp:", "rcs:"];

/// A buyer's text, as passed on by the carrier.
pub(super) struct IncomingText {
    pub(super) carrier_id: String,
    pub(super) from: String,
    pub(super) body: String,
    /// The keyword that the carrier recognised.
    pub(super) keyword: Option<Keyword>,
    /// The pictures that came with it.
    pub(super) pictures: Vec<PictureAt>,
}

pub(super) async fn receive(
    context: &JobContext,
    tx: &Transaction,
    event: &WebhookEvent,
    text: IncomingText,
    now: DateTime<Utc>,
) -> Result<(EventState, Vec<EnqueuedJob>), JobError> {
    let (merchant, at) = (event.merchant_id, event.received_at);
    // Short codes and names also send texts, and cannot be answered.
    let owner = merchant::get(tx, merchant).await?;
    let Some(from) = number(&text.from, owner.region) else { return Ok((EventState::Ignored, Vec::new())) };
    // Also locks the conversation, so that an outgoing text leaves before an opt-out or not at all.
    let conversation = conversation::open(tx, &context.vault, merchant, &from, now).await?;
    let said = text.keyword.or_else(|| Keyword::in_text(&text.body));
    let is_answered = text.keyword.is_some() || is_answered_by_carrier(tx, merchant, &text.body).await?;
    let received = ReceivedText { carrier_id: text.carrier_id, body: text.body };
    let message = message::insert_incoming(tx, merchant, conversation.id, received, at).await?;
    let mut enqueued = Vec::new();
    for position in 0..picture::insert(tx, &message, text.pictures).await? {
        let job = FetchPicture { merchant, message: message.id, position };
        enqueued.extend(enqueue(tx, &job, EnqueueOptions::for_merchant(merchant), now).await?);
    }
    let answer = match said {
        Some(Keyword::Stop) => {
            let opted_out = conversation::opt_out(tx, &conversation, OptOut::by(OptOutSource::Buyer, at), now).await;
            opted_out.map_err(JobError::retry)?;
            None
        }
        Some(Keyword::Start) => {
            conversation::opt_in(tx, &conversation, at).await?;
            None
        }
        // Before a restoration it may have been answered, and the answer lost.
        Some(Keyword::Help) if !is_answered && !restoration::is_later_than(tx, at).await? => {
            answer(tx, &conversation, now).await?
        }
        Some(Keyword::Help) | None => None,
    };
    enqueued.extend(answer);
    Ok((EventState::Applied, enqueued))
}

/// Whether the carrier answers this text itself without reporting it: only texts that are exactly one of its words, if
/// it answers any.
async fn is_answered_by_carrier(tx: &Transaction, merchant: MerchantId, body: &str) -> Result<bool, JobError> {
    let is_its_word = ANSWERED_BY_CARRIERS.iter().any(|word| body.trim().eq_ignore_ascii_case(word));
    if !is_its_word {
        return Ok(false);
    }
    Ok(sms_integration::find(tx, merchant).await?.is_some_and(|integration| integration.answers_keywords()))
}

/// Parses the number as the carrier writes it: international, or as dialled in the merchant's region.
fn number(written: &str, region: Region) -> Option<PhoneNumber> {
    let channel = CHANNELS
        .iter()
        .find(|channel| written.get(..channel.len()).is_some_and(|start| start.eq_ignore_ascii_case(channel)));
    let written = channel.map_or(written, |channel| written[channel.len()..].trim());
    PhoneNumber::from_e164(written).or_else(|_| PhoneNumber::parse(written, region)).ok()
}

/// Answers a buyer's request for help with the merchant's name. The answer is a message like any other and costs
/// credits. There is none without credits, without a carrier, after an opt-out or right after another answer.
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
    let text = NewMessage {
        conversation: id,
        link: None,
        body,
        origin: Origin::Answer,
        once_key: None,
        send_at: None,
        actor: None,
    };
    // A refusal rolls back to here, without losing the buyer's text.
    let attempt = tx.savepoint().await?;
    match message::accept(&attempt, &owner, text, now).await {
        Ok(message) => {
            let job = SendSms { merchant, message: message.id };
            let enqueued_job = enqueue(&attempt, &job, EnqueueOptions::for_merchant(merchant), now).await?;
            attempt.commit().await?;
            Ok(enqueued_job)
        }
        Err(NotAccepted::Db(error)) => Err(error.into()),
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

    use super::number;

    #[test]
    fn a_number_is_read_as_it_is_dialled_where_the_merchant_is() {
        let read = |written, region| number(written, Region::parse(region).unwrap()).map(|it| it.as_e164().to_owned());
        assert_eq!(read("+447400123456", "US").as_deref(), Some("+447400123456"));
        assert_eq!(read("07400123456", "GB").as_deref(), Some("+447400123456"));
        assert_eq!(read("(202) 555-0123", "US").as_deref(), Some("+12025550123"));
        assert_eq!(read("whatsapp:+14155550123", "US").as_deref(), Some("+14155550123"));
        assert_eq!(read("RCS:+14155550123", "US").as_deref(), Some("+14155550123"));
        for no_number in ["Bakery", "", "12"] {
            assert_eq!(read(no_number, "US"), None, "{no_number}");
        }
    }
}
