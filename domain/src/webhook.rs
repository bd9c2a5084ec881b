//! Webhooks to merchants' systems, signed according to the Standard Webhooks specification: `v1,` and base64 of
//! HMAC-SHA256 over `{id}.{timestamp}.{body}`, with a key written as `whsec_` and base64.

mod events;
pub mod retries;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;

pub use events::{Events, EventsError};

use crate::{Secret, VaultError, vault::random_key};

/// Prefix of every secret.
const PREFIX: &str = "whsec_";

/// Generates a secret of 192 bits.
///
/// # Errors
/// Returns [`VaultError::NoRandomness`].
pub fn webhook_secret() -> Result<Secret, VaultError> {
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(random_key::<24>()?))))
}

/// The value of the header `webhook-signature` for one secret. Returns `None` if the secret is malformed.
#[must_use]
pub fn webhook_signature(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.expose().strip_prefix(PREFIX)?).ok()?;
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    Some(format!("v1,{}", STANDARD.encode(context.sign())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_specifications_own_example() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signed = webhook_signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(webhook_signature(&Secret::new("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "1", 1, body), None);
    }

    #[test]
    fn a_new_secret_is_one_that_can_sign() {
        let (one, other) = (webhook_secret().unwrap(), webhook_secret().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert!(webhook_signature(&one, "msg_1", 1, b"{}").is_some());
    }
}
