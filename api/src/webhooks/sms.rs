//! `POST /webhooks/sms/{merchant_id}`, or GET for gateways that use it: delivery reports and incoming texts from Twilio
//! or a gateway. They are parsed here into a form common to all carriers, and stored.

mod charset;
mod gateway;
mod signature;
mod twilio;

use domain::{
    MessageId, Secret, WebhookEventId, sha256,
    sms_event::{SmsEvent, without_unwanted},
};
use entity::{
    merchant,
    sms_integration::{self, CarrierKind, SmsIntegration},
    webhook_event::{NewEvent, Source},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use poem::{
    Body, Request, handler,
    http::{HeaderMap, StatusCode},
    web::{Data, Path},
};
use queue::Trace;

use super::{
    BAD_SIGNATURE, Intake, bad_signature, in_time, intake::IncomingWebhook, merchant_id, read, refusals::Refused,
};
use crate::{Api, Problem, http::access_log};

/// How many events of one call are stored at once.
const AT_ONCE: usize = 16;

/// Our parameters in the URL given to the carrier.
#[derive(Default)]
struct Query {
    /// The message that a report is about.
    message: Option<MessageId>,
    /// Proves that the gateway was given the URL.
    key: Option<Secret>,
}

impl Query {
    /// Takes the first value of each name: a gateway may append the same names, after ours.
    fn read(query: &str) -> Self {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let first = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        Self {
            message: first("message").and_then(|message| message.parse().ok()),
            key: first("key").map(|key| Secret::new(key.as_str())),
        }
    }
}

/// A webhook as received.
struct Callback<'a> {
    url: String,
    query: Query,
    headers: &'a HeaderMap,
    content_type: &'a str,
    body: Vec<u8>,
}

impl Callback<'_> {
    /// A header; empty if it is absent or not text.
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The meaning of a webhook, and what identifies it.
struct SmsWebhook {
    event: SmsEvent,
    kind: String,
    external_id: String,
}

/// Stores a delivery report or an incoming text.
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
    let query = request.uri().query();
    let callback = Callback {
        // The public URL as given to the carrier; behind a proxy the request's own differs.
        url: format!(
            "{}/webhooks/sms/{merchant}{}",
            api.public_url,
            query.map(|query| format!("?{query}")).unwrap_or_default()
        ),
        query: Query::read(query.unwrap_or_default()),
        headers: request.headers(),
        content_type: request.content_type().unwrap_or_default(),
        body: read(body).await?,
    };
    let refuse = |why: &str| intake.refusals.refuse(request, &api, Refused { source: Source::Sms, merchant, why });
    in_time(async {
        let pool = intake.db.pool();
        let Some(integration) = sms_integration::find(pool, merchant).await? else {
            let known = merchant::find(pool, merchant).await?.is_some();
            return Err(if known { refuse("there is no carrier") } else { Problem::not_found() });
        };
        let said = understand(&api, &integration, &callback)
            .map_err(|problem| if problem.code() == BAD_SIGNATURE { refuse(problem.code()) } else { problem })?;
        let mut incoming = Vec::with_capacity(said.len());
        for said in said {
            let payload = serde_json::to_string(&said.event.plain()).map_err(Problem::internal)?;
            let [external_id, kind] = [said.external_id, said.kind].map(|word| without_unwanted(&word));
            incoming.push(IncomingWebhook::new(NewEvent {
                id: WebhookEventId::new(api.clock.now()),
                merchant_id: merchant,
                source: Source::Sms,
                external_id,
                kind,
                payload,
                traceparent: Trace::current().as_ref().map(Trace::to_string),
            })?);
        }
        // If one fails, the carrier repeats the whole call, and stored ones are recognised. A few at a time, since
        // other merchants' events share the way.
        let stored = stream::iter(incoming).map(|one| intake.store(one)).buffered(AT_ONCE);
        stored.try_collect::<Vec<_>>().await
    })
    .await?;
    Ok(StatusCode::OK)
}

fn understand(api: &Api, integration: &SmsIntegration, callback: &Callback<'_>) -> Result<Vec<SmsWebhook>, Problem> {
    match integration.carrier {
        CarrierKind::Twilio => twilio::read(&integration.auth_token(&api.vault)?, callback).map(|said| vec![said]),
        CarrierKind::Gateway => {
            let key = integration.report_secret(&api.vault)?.ok_or_else(bad_signature)?;
            gateway::read(&integration.gateway()?, &key, &integration.secrets(&api.vault)?, callback)
        }
    }
}

/// Compares two secrets by their hashes, so that the time taken reveals nothing.
fn same(one: &Secret, other: &Secret) -> bool {
    sha256(one.expose().as_bytes()) == sha256(other.expose().as_bytes())
}
