//! `POST /webhooks/sms/{merchant_id}`: delivery reports and incoming texts.

use entity::{sms_integration, webhook_event::Source};
use poem::{
    Body, Request, handler,
    http::StatusCode,
    web::{Data, Path},
};
use queue::ProcessSmsEvent;
use serde::Deserialize;

use super::{Incoming, bad_signature, find_merchant, read, sms_signature::verify, store};
use crate::{Api, Problem};

#[derive(Deserialize)]
struct About {
    message: Option<String>,
}

/// Stores a delivery report or an incoming text.
#[handler]
pub(crate) async fn receive(
    api: Data<&Api>,
    Path(merchant_id): Path<String>,
    request: &Request,
    body: Body,
) -> Result<StatusCode, Problem> {
    let owner = find_merchant(&api, &merchant_id).await?;
    let body = read(body).await?;
    let mut form: Vec<(String, String)> =
        serde_urlencoded::from_bytes(&body).map_err(|_| Problem::malformed("The body is not a form."))?;
    let integration =
        sms_integration::find(api.db.pool(), owner.id).await?.ok_or_else(|| bad_signature(Source::Sms))?;
    let token = integration.auth_token(&api.vault)?;
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}/webhooks/sms/{}{query}", api.public_url, owner.id);
    let signature = request.header("X-Twilio-Signature").unwrap_or_default();
    if !verify(signature, &url, &form, &token) {
        tracing::warn!(merchant.id = %owner.id, "a webhook of the carrier was refused: no signature matches");
        return Err(bad_signature(Source::Sms));
    }
    // What the URL says was signed as well: the message of ours that a report is about.
    form.extend(
        request.params::<About>().ok().and_then(|about| about.message).map(|id| ("paylink_message".to_owned(), id)),
    );
    let incoming = read_form(&form)?;
    store(&api, owner.id, incoming, |event| ProcessSmsEvent { merchant: owner.id, event }).await?;
    Ok(StatusCode::OK)
}

fn read_form(form: &[(String, String)]) -> Result<Incoming, Problem> {
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let sid = field("MessageSid").ok_or_else(|| Problem::malformed("MessageSid is missing."))?;
    let kind = match (field("MessageStatus"), field("Body")) {
        (Some(status), _) => format!("report.{status}"),
        (None, Some(_)) => "incoming".to_owned(),
        (None, None) => return Err(Problem::malformed("It is neither a report nor a text.")),
    };
    Ok(Incoming {
        source: Source::Sms,
        external_id: format!("{sid}:{kind}"),
        kind,
        payload: serde_json::to_string(form).map_err(Problem::internal)?,
    })
}
