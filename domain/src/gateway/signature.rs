//! Signatures of a gateway's webhooks: an HMAC-SHA256 of the body in a header, as most gateways do it.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::Secrets;

words! {
    /// How a signature is encoded.
    pub enum SignatureEncoding {
        /// Two digits per byte, in either case.
        Hex = "hex",
        /// With `+`, `/` and padding.
        Base64 = "base64",
    }
}

/// Prefix that many gateways put before a signature.
const ALGORITHM: &str = "sha256=";

/// How a gateway signs: an HMAC-SHA256 of the raw body, in a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The header. The signature in it may be prefixed by `sha256=`.
    pub header: String,
    /// The encoding of the signature.
    pub encoding: SignatureEncoding,
    /// The name of the key among the gateway's secrets.
    pub secret: String,
}

impl Signature {
    /// Verifies the signature of a body, in constant time.
    #[must_use]
    pub fn verify(&self, secrets: &Secrets, header: &str, body: &[u8]) -> bool {
        let Some(secret) = secrets.get(&self.secret) else { return false };
        let Some(tag) = self.encoding.decode(header.strip_prefix(ALGORITHM).unwrap_or(header)) else { return false };
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        hmac::verify(&key, body, &tag).is_ok()
    }
}

impl SignatureEncoding {
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Hex => hex(text),
        }
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    /// RFC 4231, test case 2.
    const BODY: &[u8] = b"what do ya want for nothing?";
    const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const BASE64: &str = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";

    fn verify(encoding: SignatureEncoding, key: &str, header: &str, body: &[u8]) -> bool {
        let secrets = Secrets::from([("signing".to_owned(), Secret::new(key))]);
        let signature = Signature { header: "X-Signature".to_owned(), encoding, secret: "signing".to_owned() };
        signature.verify(&secrets, header, body)
    }

    #[test]
    fn the_published_example_is_accepted_as_gateways_write_it() {
        for header in [HEX.to_owned(), HEX.to_uppercase(), format!("sha256={HEX}")] {
            assert!(verify(SignatureEncoding::Hex, "Jefe", &header, BODY), "{header}");
        }
        assert!(verify(SignatureEncoding::Base64, "Jefe", BASE64, BODY));
        assert!(verify(SignatureEncoding::Base64, "Jefe", &format!("sha256={BASE64}"), BODY));
    }

    #[test]
    fn another_body_key_encoding_or_signature_is_refused() {
        assert!(!verify(SignatureEncoding::Hex, "Jefe", HEX, b"what do you want for nothing?"));
        assert!(!verify(SignatureEncoding::Hex, "Jeff", HEX, BODY));
        assert!(!verify(SignatureEncoding::Hex, "Jefe", BASE64, BODY));
        assert!(!verify(SignatureEncoding::Base64, "Jefe", HEX, BODY));
        for header in
            ["", "sha256=", &HEX[..63], &HEX[..62], "sha256", "\u{e9}", &format!("{HEX}00"), &format!(" {HEX}")]
        {
            assert!(!verify(SignatureEncoding::Hex, "Jefe", header, BODY), "{header:?}");
        }
    }

    #[test]
    fn a_key_that_is_not_there_verifies_nothing() {
        let signature =
            Signature { header: "X".to_owned(), encoding: SignatureEncoding::Hex, secret: "signing".to_owned() };
        assert!(!signature.verify(&Secrets::new(), HEX, BODY));
    }
}
