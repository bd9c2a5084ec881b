//! Stripe's webhook signature: `Stripe-Signature: t=…,v1=…[,v1=…]`, an HMAC-SHA256 of `{t}.{raw body}` in lowercase
//! hex.
//!
//! This file depends on no other of ours, so that the fuzzer can include it as it is.

use chrono::{DateTime, Utc};
use ring::hmac;

/// The allowed difference from the sender's clock in seconds, in either direction.
const TOLERANCE: i64 = 300;

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    /// No signing secret is known.
    #[error("no signing secret is known")]
    NoSecret,
    /// The header is missing or malformed.
    #[error("the header is malformed")]
    Malformed,
    /// The timestamp is too old, or in the future.
    #[error("the time is more than {TOLERANCE} s from now")]
    Time,
    /// No signature matches a secret.
    #[error("no signature matches")]
    Mismatch,
}

/// The key of a signing secret.
pub(crate) fn signing_key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// Verifies that this body was recently signed with one of these keys.
pub(crate) fn verify(header: &str, body: &[u8], keys: &[hmac::Key], now: DateTime<Utc>) -> Result<(), SignatureError> {
    let (time, signatures) = parse(header)?;
    let signed_at: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    if (now.timestamp() - signed_at).abs() > TOLERANCE {
        return Err(SignatureError::Time);
    }
    if keys.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let signed = [time.as_bytes(), b".", body].concat();
    // `hmac::verify` runs in constant time.
    let matches = |key| signatures.iter().any(|signature| hmac::verify(key, &signed, signature).is_ok());
    if keys.iter().any(matches) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The most signatures that are checked. Stripe sends one for each active secret, and each costs a hash of the body.
const MOST_SIGNATURES: usize = 16;

/// The timestamp and all `v1` signatures. Other schemes are skipped; a `v1` that is not 64 lowercase hex digits is
/// refused.
fn parse(header: &str) -> Result<(&str, Vec<[u8; 32]>), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.split_once('=').ok_or(SignatureError::Malformed)? {
            ("t", value) if time.is_none() && is_decimal(value) => time = Some(value),
            ("t", _) => return Err(SignatureError::Malformed),
            ("v1", value) => signatures.push(decode_hex(value).ok_or(SignatureError::Malformed)?),
            (scheme, value) if is_word(scheme) && value.bytes().all(|byte| byte.is_ascii_graphic()) => {}
            _ => return Err(SignatureError::Malformed),
        }
    }
    match time {
        Some(time) if (1..=MOST_SIGNATURES).contains(&signatures.len()) => Ok((time, signatures)),
        Some(_) | None => Err(SignatureError::Malformed),
    }
}

fn is_decimal(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Decodes 64 lowercase hex digits. Libraries also accept uppercase, which Stripe never sends.
fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
#[path = "stripe_signature/tests.rs"]
mod tests;
