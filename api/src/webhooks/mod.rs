//! What Stripe and carriers tell us: verified on the raw bytes, stored with its job in one transaction, and only then answered.

pub(crate) mod sms;
mod sms_signature;
pub(crate) mod stripe;
mod stripe_signature;

use entity::{
    Merchant, MerchantId, WebhookEventId, merchant,
    webhook_event::{self, NewEvent, Source},
};
use poem::{Body, error::ReadBodyError, http::StatusCode};
use queue::{Job, Promise, promise};

use crate::{Api, Problem, meter};

/// The largest body that is read.
const MOST_BYTES: usize = 1024 * 1024;

/// The merchant in the path; any text that is none gets the same 404.
async fn find_merchant(api: &Api, merchant_id: &str) -> Result<Merchant, Problem> {
    let id: MerchantId = merchant_id.parse().map_err(|_| Problem::not_found())?;
    merchant::find(api.db.pool(), id).await?.ok_or_else(Problem::not_found)
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    body.into_bytes_limit(MOST_BYTES).await.map(|bytes| bytes.to_vec()).map_err(|error| match error {
        ReadBodyError::PayloadTooLarge => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is larger than 1 MiB.")
        }
        other => Problem::malformed(other.to_string()),
    })
}

fn bad_signature(source: Source) -> Problem {
    meter::webhook_refused(source);
    Problem::new(StatusCode::BAD_REQUEST, "bad_signature", "The signature does not match.")
}

/// What came in.
struct Incoming {
    source: Source,
    external_id: String,
    kind: String,
    payload: String,
}

/// Stores an event and promises its job, in one transaction; an event that is known already changes nothing.
async fn store<J: Job>(
    api: &Api,
    merchant: MerchantId,
    incoming: Incoming,
    job: impl FnOnce(WebhookEventId) -> J,
) -> Result<(), Problem> {
    let now = api.clock.now();
    let id = WebhookEventId::new(now);
    let new = NewEvent {
        id,
        merchant_id: merchant,
        source: incoming.source,
        external_id: incoming.external_id,
        kind: incoming.kind,
        payload: incoming.payload,
    };
    let tx = api.db.begin().await?;
    if !webhook_event::insert(&tx, new, now).await? {
        tx.rollback().await?;
        return Ok(());
    }
    let ticket = promise(&tx, &job(id), Promise::of(merchant), now).await?;
    tx.commit().await?;
    api.queue.ring(ticket);
    Ok(())
}
