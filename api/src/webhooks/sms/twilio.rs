//! Twilio's webhooks: signed forms.

use domain::{
    Secret,
    sms::Keyword,
    sms_event::{INCOMING, MOST_PICTURES, PictureAt, Progress, REPORT, SmsEvent},
};

use super::{Callback, SmsWebhook, signature::verify};
use crate::{Problem, webhooks::bad_signature};

/// Checks the signature and reads the form.
pub(super) fn read(token: &Secret, callback: &Callback<'_>) -> Result<SmsWebhook, Problem> {
    let form: Vec<(String, String)> =
        serde_urlencoded::from_bytes(&callback.body).map_err(|_| Problem::malformed("The body is not a form."))?;
    let called = [callback.header("Host"), callback.header("X-Forwarded-Host")];
    if !verify(callback.header("X-Twilio-Signature"), &callback.url, &called, &form, token) {
        return Err(bad_signature());
    }
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let sid = field("MessageSid").ok_or_else(|| Problem::malformed("MessageSid is missing."))?;
    match (field("MessageStatus"), field("From"), field("Body")) {
        (Some(status), _, _) => {
            // The URL's query was signed too; it names the message that a report is about.
            let (carrier_id, message) = (Some(sid.to_owned()), callback.query.message);
            let progress = progress(status, field("ErrorCode").unwrap_or_default());
            let kind = format!("{REPORT}.{status}");
            Ok(SmsWebhook {
                event: SmsEvent::Report { carrier_id, message, progress },
                external_id: format!("{sid}:{kind}"),
                kind,
            })
        }
        // A text without a body, such as a picture alone, is empty.
        (None, Some(from), body) => {
            let event = SmsEvent::Text {
                carrier_id: sid.to_owned(),
                from: from.to_owned(),
                body: body.unwrap_or_default().to_owned(),
                keyword: field("OptOutType").and_then(keyword),
                pictures: pictures(&field),
            };
            Ok(SmsWebhook { event, external_id: format!("{sid}:{INCOMING}"), kind: INCOMING.to_owned() })
        }
        (None, None, _) => Err(Problem::malformed("It is neither a report nor a text.")),
    }
}

/// The media of a text. One without a type may be anything, which is seen when it is fetched.
fn pictures<'a>(field: &impl Fn(&str) -> Option<&'a str>) -> Vec<PictureAt> {
    let count = field("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0).min(MOST_PICTURES);
    let picture = |at: usize| {
        let url = field(&format!("MediaUrl{at}"))?.to_owned();
        let content_type = field(&format!("MediaContentType{at}")).unwrap_or_default().to_owned();
        Some(PictureAt { url, content_type })
    };
    (0..count).filter_map(picture).collect()
}

/// The keyword that Twilio recognised, in any language, and has answered.
fn keyword(opt_out_type: &str) -> Option<Keyword> {
    match opt_out_type {
        "STOP" => Some(Keyword::Stop),
        "START" => Some(Keyword::Start),
        "HELP" => Some(Keyword::Help),
        _ => None,
    }
}

/// The progress that a status means. An unknown status, as carriers add them, at least says that the carrier has the
/// text.
fn progress(status: &str, code: &str) -> Progress {
    match status {
        "delivered" | "read" => Progress::Delivered,
        "undelivered" | "failed" | "canceled" => Progress::Undelivered { why: why_undelivered(code) },
        _ => Progress::UnderWay,
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
