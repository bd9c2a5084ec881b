//! What Twilio tells us: a signed form.

use domain::{
    Secret,
    sms_event::{Progress, SmsEvent},
};

use super::{Callback, Said, signature::verify, unsigned};
use crate::Problem;

/// Checks the signature and reads the form.
pub(super) fn read(token: &Secret, callback: &Callback<'_>) -> Result<Said, Problem> {
    let form: Vec<(String, String)> =
        serde_urlencoded::from_bytes(&callback.body).map_err(|_| Problem::malformed("The body is not a form."))?;
    if !verify(callback.header("X-Twilio-Signature"), &callback.url, &form, token) {
        return Err(unsigned());
    }
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let sid = field("MessageSid").ok_or_else(|| Problem::malformed("MessageSid is missing."))?;
    match (field("MessageStatus"), field("From"), field("Body")) {
        (Some(status), _, _) => {
            // What the URL says was signed as well: the message of ours that a report is about.
            let (carrier_id, message) = (Some(sid.to_owned()), callback.query.message);
            let progress = progress(status, field("ErrorCode").unwrap_or_default());
            let kind = format!("report.{status}");
            Ok(Said {
                event: SmsEvent::Report { carrier_id, message, progress },
                external_id: format!("{sid}:{kind}"),
                kind,
            })
        }
        (None, Some(from), Some(body)) => {
            let event = SmsEvent::Text { carrier_id: sid.to_owned(), from: from.to_owned(), body: body.to_owned() };
            Ok(Said { event, external_id: format!("{sid}:incoming"), kind: "incoming".to_owned() })
        }
        (None, _, _) => Err(Problem::malformed("It is neither a report nor a text.")),
    }
}

/// A status that is not known here, as carriers add them, says at least that the carrier has the text.
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
