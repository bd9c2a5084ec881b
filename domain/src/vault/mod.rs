//! The installation's secrets and what is derived from them: the sealing of merchants' secrets, buyers' link tokens and
//! keyed hashes of phone numbers.
//!
//! Values are sealed with the secret key from the settings and can be sealed again with a new one: see
//! `entity::reseal`. Tokens and hashes must survive such a change, because links were sent and buyers have opted out.
//! They are derived from a separate root, which is stored sealed like any other secret: see `entity::installation`.

mod seal;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest,
    hkdf::{HKDF_SHA256, Salt},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use self::seal::{Seal, Sealed};
use crate::{
    LinkId, MerchantId, PhoneNumber, Secret,
    client_token::{self, ClientToken},
};

/// Why a secret could not be sealed or opened. Reveals nothing about the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key is not 32 bytes of base64.
    #[error("the secret key must be 32 bytes in base64")]
    BadKey,
    /// The value was sealed with a key that is not in the settings.
    #[error("the secret was sealed with another secret key than those in the settings")]
    OtherKey,
    /// The sealed value is damaged, or belongs to another merchant or column.
    #[error("the sealed secret is damaged or not where it belongs")]
    Damaged,
    /// The system provided no randomness.
    #[error("no randomness to be had from the system")]
    NoRandomness,
}

/// Holds the keys derived from `PAYLINK_SECRET_KEY` and from the installation's root. Each use has a separate key
/// (HKDF-SHA256), so that none can replace another.
pub struct Vault {
    current: Seal,
    previous: Vec<Seal>,
    tokens: hmac::Key,
    phones: hmac::Key,
    clients: hmac::Key,
    random: SystemRandom,
}

impl Vault {
    /// A vault with this key, which also serves as the root.
    ///
    /// # Errors
    /// Returns [`VaultError::BadKey`] if the text is not 32 bytes of standard base64.
    pub fn new(secret_key: &Secret) -> Result<Self, VaultError> {
        Self::with_previous(secret_key, &[])
    }

    /// A vault that seals with `secret_key` and also opens what was sealed with the `previous` keys.
    ///
    /// # Errors
    /// Returns [`VaultError::BadKey`] if one of them is not 32 bytes of standard base64.
    pub fn with_previous(secret_key: &Secret, previous: &[Secret]) -> Result<Self, VaultError> {
        let root = key_bytes(secret_key)?;
        Ok(Self {
            current: Seal::new(&root)?,
            previous: previous.iter().map(|key| Seal::new(&key_bytes(key)?)).collect::<Result<_, _>>()?,
            tokens: hmac::Key::new(hmac::HMAC_SHA256, &derive(&root, "tokens")?),
            phones: hmac::Key::new(hmac::HMAC_SHA256, &derive(&root, "phones")?),
            clients: hmac::Key::new(hmac::HMAC_SHA256, &derive(&root, "client tokens")?),
            random: SystemRandom::new(),
        })
    }

    /// Replaces the root of tokens and hashes.
    ///
    /// # Errors
    /// Returns [`VaultError::BadKey`] if it is not 32 bytes of standard base64.
    pub fn rooted_in(self, root: &Secret) -> Result<Self, VaultError> {
        let root = key_bytes(root)?;
        Ok(Self {
            tokens: hmac::Key::new(hmac::HMAC_SHA256, &derive(&root, "tokens")?),
            phones: hmac::Key::new(hmac::HMAC_SHA256, &derive(&root, "phones")?),
            clients: hmac::Key::new(hmac::HMAC_SHA256, &derive(&root, "client tokens")?),
            ..self
        })
    }

    /// Generates a random key in the form that [`Vault::new`] accepts.
    ///
    /// # Errors
    /// Returns [`VaultError::NoRandomness`].
    pub fn generate_key() -> Result<Secret, VaultError> {
        let key: [u8; 32] = random_bytes(&SystemRandom::new())?;
        Ok(Secret::new(base64::engine::general_purpose::STANDARD.encode(key)))
    }

    /// Seals a merchant's secret for one column. It opens only with the same merchant and column.
    ///
    /// # Errors
    /// Returns [`VaultError::NoRandomness`].
    pub fn seal(&self, secret: &Secret, merchant: MerchantId, column: &str) -> Result<Vec<u8>, VaultError> {
        self.current.seal(secret, merchant, column, &self.random)
    }

    /// Opens a value sealed by [`Vault::seal`] with the current key or a previous one.
    ///
    /// # Errors
    /// Returns [`VaultError::OtherKey`] or [`VaultError::Damaged`].
    pub fn open(&self, sealed: &[u8], merchant: MerchantId, column: &str) -> Result<Secret, VaultError> {
        let sealed = Sealed::read(sealed)?;
        let seal = std::iter::once(&self.current).chain(&self.previous).find(|seal| seal.id == sealed.id);
        seal.ok_or(VaultError::OtherKey)?.open(&sealed, merchant, column)
    }

    /// Whether a value is sealed with the current key rather than a previous one.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        Sealed::read(sealed).is_ok_and(|sealed| sealed.id == self.current.id)
    }

    /// The token in the buyer's link: 128 bits, 22 characters. It is not stored but derived again whenever it must be
    /// shown.
    #[must_use]
    pub fn link_token(&self, link: LinkId) -> LinkToken {
        let tag = hmac::sign(&self.tokens, link.uuid().as_bytes());
        LinkToken(URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16]))
    }

    /// The buyer's page of a link, at an installation with this public URL.
    #[must_use]
    pub fn buyer_url(&self, public_url: &str, link: LinkId) -> String {
        format!("{public_url}/p/{}", self.link_token(link).expose())
    }

    /// Signs a client token and encodes it for sending. Returns `None` if it cannot be serialized.
    #[must_use]
    pub fn sign_client_token(&self, token: &ClientToken) -> Option<Secret> {
        let said = URL_SAFE_NO_PAD.encode(serde_json::to_vec(token).ok()?);
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.clients, said.as_bytes()));
        Some(Secret::new(format!("{}{said}.{signature}", client_token::PREFIX)))
    }

    /// Verifies and decodes a client token. Returns `None` if it is not ours. It may have expired.
    #[must_use]
    pub fn read_client_token(&self, text: &str) -> Option<ClientToken> {
        let (said, signature) = text.strip_prefix(client_token::PREFIX)?.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.clients, said.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(said).ok()?).ok()
    }

    /// The keyed hash of a phone number, the form in which it survives the purge, as an opt-out must.
    #[must_use]
    pub fn phone_hash(&self, merchant: MerchantId, phone: &PhoneNumber) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.phones);
        context.update(merchant.uuid().as_bytes());
        context.update(phone.as_e164().as_bytes());
        context.sign().as_ref().to_vec()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

/// The secret part of a buyer's link. Only its [`LinkToken::hash`] is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

impl LinkToken {
    /// Wraps a token from a URL. Any text is accepted; only a genuine token will be found.
    #[must_use]
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token as it appears in the URL.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The SHA-256 hash under which it is stored and looked up.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        sha256(self.0.as_bytes())
    }
}

impl std::fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

/// The SHA-256 hash of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// Generates a random secret of 192 bits in base64url, after a prefix that tells its purpose.
///
/// # Errors
/// Returns [`VaultError::NoRandomness`].
pub fn random_secret(prefix: &str) -> Result<Secret, VaultError> {
    secret_of::<24>(prefix)
}

/// Like [`random_secret`] with 256 bits, for secrets that no one has to type or paste.
///
/// # Errors
/// Returns [`VaultError::NoRandomness`].
pub fn random_token(prefix: &str) -> Result<Secret, VaultError> {
    secret_of::<32>(prefix)
}

fn secret_of<const N: usize>(prefix: &str) -> Result<Secret, VaultError> {
    let bytes: [u8; N] = random_bytes(&SystemRandom::new())?;
    Ok(Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

/// Random bytes for a key with its own encoding.
pub(crate) fn random_key<const N: usize>() -> Result<[u8; N], VaultError> {
    random_bytes(&SystemRandom::new())
}

/// Decodes a base64 key of 32 bytes.
///
/// # Errors
/// Returns [`VaultError::BadKey`].
pub fn key_bytes(key: &Secret) -> Result<Vec<u8>, VaultError> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(key.expose().trim()).ok();
    bytes.filter(|bytes| bytes.len() == 32).ok_or(VaultError::BadKey)
}

fn random_bytes<const N: usize>(random: &SystemRandom) -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}

fn derive(root: &[u8], purpose: &str) -> Result<[u8; 32], VaultError> {
    let mut key = [0; 32];
    Salt::new(HKDF_SHA256, b"paylink")
        .extract(root)
        .expand(&[purpose.as_bytes()], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .map_err(|_| VaultError::BadKey)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
