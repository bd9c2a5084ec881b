//! `POST /webhooks/stripe/{merchant_id}`.

use entity::{stripe_integration, webhook_event::Source};
use poem::{
    Body, Request, handler,
    http::StatusCode,
    web::{Data, Path},
};
use queue::ProcessStripeEvent;
use serde::Deserialize;

use super::{Incoming, bad_signature, find_merchant, read, store, stripe_signature::verify};
use crate::{Api, Problem};

/// The few fields that are read here; the job reads the rest.
#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Stores one of Stripe's events.
#[handler]
pub(crate) async fn receive(
    api: Data<&Api>,
    Path(merchant_id): Path<String>,
    request: &Request,
    body: Body,
) -> Result<StatusCode, Problem> {
    let owner = find_merchant(&api, &merchant_id).await?;
    let body = read(body).await?;
    let secrets = match stripe_integration::find(api.db.pool(), owner.id).await? {
        Some(integration) => integration.webhook_secrets(&api.vault, api.clock.now())?,
        None => Vec::new(),
    };
    let header = request.header("Stripe-Signature").unwrap_or_default();
    verify(header, &body, &secrets, api.clock.now()).map_err(|error| {
        tracing::warn!(merchant.id = %owner.id, %error, "a webhook of Stripe was refused");
        bad_signature(Source::Stripe)
    })?;
    let payload = String::from_utf8(body).map_err(|_| Problem::malformed("The body is not UTF-8."))?;
    let envelope: Envelope =
        serde_json::from_str(&payload).map_err(|_| Problem::malformed("The body is not an event."))?;
    let incoming = Incoming { source: Source::Stripe, external_id: envelope.id, kind: envelope.kind, payload };
    store(&api, owner.id, incoming, |event| ProcessStripeEvent { merchant: owner.id, event }).await?;
    Ok(StatusCode::OK)
}
