//! `POST /webhooks/stripe/{merchant_id}`.

use chrono::{DateTime, Utc};
use domain::{Clock, MerchantId, WebhookEventId};
use entity::{
    stripe_integration,
    webhook_event::{NewEvent, Source},
};
use poem::{
    Body, Request, handler,
    http::StatusCode,
    web::{Data, Path},
};
use queue::Trace;
use serde::Deserialize;

use super::{
    Intake, in_time, intake::IncomingWebhook, keyring::Signed, merchant_id, read, refusals::Refused,
    stripe_signature::SignatureError,
};
use crate::{Api, Problem, http::access_log};

/// The fields needed here; the job reads the rest.
#[derive(Deserialize)]
struct EventEnvelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Stores a Stripe event.
#[handler]
pub(crate) async fn receive(
    api: Data<&Api>,
    intake: Data<&Intake>,
    Path(merchant): Path<String>,
    request: &Request,
    body: Body,
) -> Result<StatusCode, Problem> {
    let merchant = merchant_id(&merchant)?;
    access_log::record_merchant(merchant);
    let body = read(body).await?;
    let header = request.header("Stripe-Signature").unwrap_or_default();
    let now = api.clock.now();
    in_time(async {
        let signed = Signed { merchant, header, body: &body, now };
        let may_read_again = !intake.refusals.are_too_many(request, &api);
        let mut judged = intake.keyring.judge(&api, signed, may_read_again).await?;
        if matches!(judged, Err(SignatureError::Time)) {
            // The timestamp is Stripe's, so it is enough if one clock agrees: the database's or this machine's.
            let signed = Signed { now: Clock::system().now(), ..signed };
            judged = intake.keyring.judge(&api, signed, false).await?;
        }
        if let Err(error) = judged {
            let refused = Refused { source: Source::Stripe, merchant, why: &error.to_string() };
            let problem = intake.refusals.refuse(request, &api, refused);
            // An address that sends too many does not cause writes.
            if problem.retry_after().is_none() {
                Box::pin(note(&intake, merchant, error, now)).await?;
            }
            return Err(problem);
        }
        intake.store(read_event(merchant, body, now)?).await
    })
    .await?;
    Ok(StatusCode::OK)
}

/// Records, for the merchant's diagnosis, a webhook that was refused because it was signed with another secret.
async fn note(intake: &Intake, merchant: MerchantId, error: SignatureError, now: DateTime<Utc>) -> Result<(), Problem> {
    match error {
        SignatureError::Mismatch => stripe_integration::note_signature_failure(intake.db.pool(), merchant, now).await?,
        SignatureError::NoSecret | SignatureError::Malformed | SignatureError::Time => {}
    }
    Ok(())
}

fn read_event(merchant: MerchantId, body: Vec<u8>, now: DateTime<Utc>) -> Result<IncomingWebhook, Problem> {
    let payload = String::from_utf8(body).map_err(|_| Problem::malformed("The body is not UTF-8."))?;
    let EventEnvelope { id, kind } =
        serde_json::from_str(&payload).map_err(|_| Problem::malformed("The body is not an event."))?;
    IncomingWebhook::new(NewEvent {
        id: WebhookEventId::new(now),
        merchant_id: merchant,
        source: Source::Stripe,
        external_id: id,
        kind,
        payload,
        traceparent: Trace::current().as_ref().map(Trace::to_string),
    })
}
