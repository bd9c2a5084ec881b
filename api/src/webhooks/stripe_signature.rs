//! Stripe's webhook signature: `Stripe-Signature: t=…,v1=…[,v1=…]`, an HMAC-SHA256 of `{t}.{raw body}` in lowercase hex.

use chrono::{DateTime, Utc};
use entity::Secret;
use ring::hmac;

/// How far the sender's clock may be from ours, in seconds, either way.
const TOLERANCE: i64 = 300;

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureError {
    /// Nothing to check against.
    #[error("no signing secret is known")]
    NoSecret,
    /// The header is missing, or is not one of Stripe's.
    #[error("the header is malformed")]
    Malformed,
    /// Too old, or from the future.
    #[error("the time is more than {TOLERANCE} s from now")]
    Time,
    /// No signature matches a secret.
    #[error("no signature matches")]
    Mismatch,
}

/// Whether this body was signed with one of these secrets, not long ago.
pub(super) fn verify(header: &str, body: &[u8], secrets: &[Secret], now: DateTime<Utc>) -> Result<(), SignatureError> {
    if secrets.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let (time, signatures) = parse(header)?;
    let signed_at: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    if (now.timestamp() - signed_at).abs() > TOLERANCE {
        return Err(SignatureError::Time);
    }
    let signed = [time.as_bytes(), b".", body].concat();
    let matches = secrets.iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        // `hmac::verify` takes the same time wherever the first difference is.
        signatures.iter().any(|signature| hmac::verify(&key, &signed, signature).is_ok())
    });
    if matches { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The time and every `v1` signature. Other schemes are passed over; a `v1` that is not 64 lowercase hex digits is refused.
fn parse(header: &str) -> Result<(&str, Vec<[u8; 32]>), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.split_once('=').ok_or(SignatureError::Malformed)? {
            ("t", value) if time.is_none() && is_decimal(value) => time = Some(value),
            ("t", _) => return Err(SignatureError::Malformed),
            ("v1", value) => signatures.push(decode_hex(value).ok_or(SignatureError::Malformed)?),
            (scheme, _) if scheme.chars().all(|character| character.is_ascii_alphanumeric()) => {}
            _ => return Err(SignatureError::Malformed),
        }
    }
    match time {
        Some(time) if !signatures.is_empty() => Ok((time, signatures)),
        Some(_) | None => Err(SignatureError::Malformed),
    }
}

fn is_decimal(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// 64 lowercase hex digits as bytes. Libraries take uppercase too; Stripe never sends it.
fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","type":"checkout.session.completed"}"#;

    fn secret() -> Secret {
        Secret::new("whsec_of_the_tests")
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn hex(secret: &Secret, time: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let tag = hmac::sign(&key, &[format!("{time}.").as_bytes(), body].concat());
        tag.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    fn header(offset: i64) -> String {
        let time = now().timestamp() + offset;
        format!("t={time},v1={}", hex(&secret(), time, BODY))
    }

    fn check(header: &str) -> Result<(), SignatureError> {
        verify(header, BODY, &[secret()], now())
    }

    #[test]
    fn a_known_vector_is_accepted() {
        // By another hand: printf '1800000000.{}' | openssl dgst -sha256 -hmac whsec_test
        let header = "t=1800000000,v1=482e6337ac5272392d375c6fdc4d52a7e615dc2facedab0ffe155ddfd6a56e66";
        assert_eq!(verify(header, b"{}", &[Secret::new("whsec_test")], now()), Ok(()));
    }

    #[test]
    fn what_stripe_signs_is_accepted() {
        assert_eq!(check(&header(0)), Ok(()));
        assert_eq!(check(&header(-299)), Ok(()));
        assert_eq!(check(&header(299)), Ok(()));
    }

    #[test]
    fn one_of_two_signatures_is_enough_and_so_is_one_of_two_secrets() {
        let time = now().timestamp();
        let old = Secret::new("whsec_before_the_rotation");
        let both = format!("t={time},v1={},v1={}", hex(&old, time, BODY), hex(&secret(), time, BODY));
        assert_eq!(check(&both), Ok(()));
        assert_eq!(verify(&header(0), BODY, &[old, secret()], now()), Ok(()));
    }

    #[test]
    fn what_is_too_old_or_from_the_future_is_refused() {
        assert_eq!(check(&header(-301)), Err(SignatureError::Time));
        assert_eq!(check(&header(301)), Err(SignatureError::Time));
    }

    #[test]
    fn a_malformed_header_is_refused() {
        let good = header(0);
        let (time, signature) = good.split_once(",v1=").unwrap();
        let malformed = [
            String::new(),
            format!("v1={signature}"),
            format!("{time},{time},v1={signature}"),
            format!("{time},v0={signature}"),
            format!("{time},v1={}", signature.to_uppercase()),
            format!("{time}, v1={signature}"),
            format!("{time},v1= {signature}"),
            format!(" {good}"),
            format!("{time},v1={}", &signature[..63]),
            format!("{time},v1={}", &signature[..62]),
            "t=,v1=".to_owned(),
            format!("t=+1800000000,v1={signature}"),
        ];
        for header in malformed {
            assert_eq!(check(&header), Err(SignatureError::Malformed), "{header:?}");
        }
    }

    #[test]
    fn a_body_that_was_tampered_with_is_refused() {
        let header = header(0);
        for position in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[position] ^= 1;
            assert_eq!(verify(&header, &body, &[secret()], now()), Err(SignatureError::Mismatch));
        }
        assert_eq!(verify(&header, BODY, &[], now()), Err(SignatureError::NoSecret));
    }
}
