//! The signed request of an event.

use ring::hmac;

use crate::{clock::Moment, model::tables::Tables, parcel::Parcel};

/// The request with an event for an endpoint, signed at `now`. Returns `None` if either is gone.
pub(crate) fn parcel(tables: &Tables, event: &str, endpoint: &str, now: Moment) -> Option<Parcel> {
    let event = tables.events.get(event)?;
    let endpoint = tables.endpoints.get(endpoint).filter(|endpoint| !endpoint.deleted)?;
    Some(Parcel {
        url: endpoint.url.clone(),
        content_type: "application/json; charset=utf-8",
        signature: Some(("Stripe-Signature", signature(&endpoint.secret, now.timestamp(), &event.body))),
        body: event.body.clone(),
    })
}

/// `t=<seconds>,v1=<HMAC-SHA256 of "t.body", lowercase hex>`; the key is the whole secret, including `whsec_`.
fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let hex = tag.as_ref().iter().fold(String::new(), |mut hex, byte| {
        for digit in [byte >> 4, byte & 15] {
            hex.extend(char::from_digit(digit.into(), 16));
        }
        hex
    });
    format!("t={seconds},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: `hmac.new(b"whsec_test", b'1700000000.{"id":"evt_1"}', "sha256").hexdigest()`.
    #[test]
    fn the_signature_is_that_of_the_published_scheme() {
        assert_eq!(
            signature("whsec_test", 1_700_000_000, "{\"id\":\"evt_1\"}"),
            "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925"
        );
    }
}
