//! `POST /webhooks/sms/{merchant_id}`: delivery reports and incoming texts.

use entity::{MerchantId, WebhookEventId, merchant, sms_integration, webhook_event::Source};
use poem::{
    Body, Request, handler,
    http::StatusCode,
    web::{Data, Path},
};
use queue::ProcessSmsEvent;
use serde::Deserialize;

use super::{Intake, bad_signature, in_time, intake::Incoming, merchant_id, read, sms_signature::verify};
use crate::{Api, Problem};

#[derive(Deserialize)]
struct About {
    message: Option<String>,
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
    let body = read(body).await?;
    let mut form: Vec<(String, String)> =
        serde_urlencoded::from_bytes(&body).map_err(|_| Problem::malformed("The body is not a form."))?;
    in_time(async {
        check(&api, merchant, request, &form).await?;
        // What the URL says was signed as well: the message of ours that a report is about.
        form.extend(
            request.params::<About>().ok().and_then(|about| about.message).map(|id| ("paylink_message".to_owned(), id)),
        );
        let (words, payload) = read_form(&form)?;
        let event = WebhookEventId::new(api.clock.now());
        let job = ProcessSmsEvent { merchant, event };
        intake.store(Incoming::new(event, merchant, Source::Sms, words, payload, &job)?).await
    })
    .await?;
    Ok(StatusCode::OK)
}

/// Whether the merchant's carrier has signed this.
async fn check(api: &Api, merchant: MerchantId, request: &Request, form: &[(String, String)]) -> Result<(), Problem> {
    let pool = api.db.pool();
    let Some(integration) = sms_integration::find(pool, merchant).await? else {
        let known = merchant::find(pool, merchant).await?.is_some();
        return Err(if known { bad_signature(Source::Sms) } else { Problem::not_found() });
    };
    let token = integration.auth_token(&api.vault)?;
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}/webhooks/sms/{merchant}{query}", api.public_url);
    let signature = request.header("X-Twilio-Signature").unwrap_or_default();
    if !verify(signature, &url, form, &token) {
        tracing::warn!(merchant.id = %merchant, "a webhook of the carrier was refused: no signature matches");
        return Err(bad_signature(Source::Sms));
    }
    Ok(())
}

/// The event's id and kind, and what is kept of it.
fn read_form(form: &[(String, String)]) -> Result<([String; 2], String), Problem> {
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let sid = field("MessageSid").ok_or_else(|| Problem::malformed("MessageSid is missing."))?;
    let kind = match (field("MessageStatus"), field("Body")) {
        (Some(status), _) => format!("report.{status}"),
        (None, Some(_)) => "incoming".to_owned(),
        (None, None) => return Err(Problem::malformed("It is neither a report nor a text.")),
    };
    Ok(([format!("{sid}:{kind}"), kind], serde_json::to_string(form).map_err(Problem::internal)?))
}
