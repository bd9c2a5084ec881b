//! Signatures of webhooks to merchants' own systems, as Standard Webhooks specifies them: `v1,` followed by the base64 of an HMAC-SHA256
//! over `{id}.{timestamp}.{body}`. Keys are written as `whsec_` followed by base64.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;

use crate::{Secret, VaultError, vault::random_key};

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A new secret: 192 bits.
///
/// # Errors
/// [`VaultError::NoRandomness`].
pub fn webhook_secret() -> Result<Secret, VaultError> {
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(random_key::<24>()?))))
}

/// The signature by one secret, for the header `webhook-signature`; `None` if the secret is none.
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
