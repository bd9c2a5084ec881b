//! The installation's one secret key and all that is derived from it: sealing of merchants' secrets, the tokens of buyer's
//! links, and keyed hashes of phone numbers.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
    hkdf::{HKDF_SHA256, Salt},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::{LinkId, MerchantId, PhoneNumber, Secret};

/// The layout of a sealed value: this byte, the key's id, the nonce, then ciphertext and tag.
const FORMAT: u8 = 1;
const KEY_ID_LEN: usize = 4;

/// Why a secret could not be sealed or opened. Says nothing of the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key is not 32 bytes of base64.
    #[error("the secret key must be 32 bytes in base64")]
    BadKey,
    /// The value was sealed by another key than the one in the settings.
    #[error("the secret was sealed with another secret key")]
    OtherKey,
    /// The sealed value is damaged, or belongs to another merchant or column.
    #[error("the sealed secret is damaged or not where it belongs")]
    Damaged,
    /// The system gave no randomness.
    #[error("no randomness to be had from the system")]
    NoRandomness,
}

/// Holds the keys derived from `PAYLINK_SECRET_KEY`. Each use has a key of its own (HKDF-SHA256), so none can stand in for
/// another.
pub struct Vault {
    id: [u8; KEY_ID_LEN],
    sealing: LessSafeKey,
    tokens: hmac::Key,
    phones: hmac::Key,
    random: SystemRandom,
}

impl Vault {
    /// A vault with this key.
    ///
    /// # Errors
    /// [`VaultError::BadKey`] if the text is not 32 bytes of standard base64.
    pub fn new(secret_key: &Secret) -> Result<Self, VaultError> {
        let root = base64::engine::general_purpose::STANDARD
            .decode(secret_key.expose().trim())
            .ok()
            .filter(|bytes| bytes.len() == 32)
            .ok_or(VaultError::BadKey)?;
        let derive = |purpose: &str| derive(&root, purpose);
        let mut id = [0; KEY_ID_LEN];
        id.copy_from_slice(&derive("key id")?[..KEY_ID_LEN]);
        let sealing = UnboundKey::new(&CHACHA20_POLY1305, &derive("sealing")?).map_err(|_| VaultError::BadKey)?;
        Ok(Self {
            id,
            sealing: LessSafeKey::new(sealing),
            tokens: hmac::Key::new(hmac::HMAC_SHA256, &derive("tokens")?),
            phones: hmac::Key::new(hmac::HMAC_SHA256, &derive("phones")?),
            random: SystemRandom::new(),
        })
    }

    /// A new random key in the form that [`Vault::new`] takes.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn generate_key() -> Result<Secret, VaultError> {
        let key: [u8; 32] = random_bytes(&SystemRandom::new())?;
        Ok(Secret::new(base64::engine::general_purpose::STANDARD.encode(key)))
    }

    /// Seals a merchant's secret for one column: it opens only with the same merchant and column.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, secret: &Secret, merchant: MerchantId, column: &str) -> Result<Vec<u8>, VaultError> {
        let nonce: [u8; NONCE_LEN] = random_bytes(&self.random)?;
        let mut sealed = secret.expose().as_bytes().to_vec();
        self.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(whereabouts(merchant, column)),
                &mut sealed,
            )
            .map_err(|_| VaultError::Damaged)?;
        let mut out = vec![FORMAT];
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&nonce);
        out.append(&mut sealed);
        Ok(out)
    }

    /// Opens what [`Vault::seal`] sealed.
    ///
    /// # Errors
    /// [`VaultError::OtherKey`] or [`VaultError::Damaged`].
    pub fn open(&self, sealed: &[u8], merchant: MerchantId, column: &str) -> Result<Secret, VaultError> {
        let rest = sealed.strip_prefix(&[FORMAT]).ok_or(VaultError::Damaged)?;
        let (id, rest) = rest.split_at_checked(KEY_ID_LEN).ok_or(VaultError::Damaged)?;
        if id != self.id {
            return Err(VaultError::OtherKey);
        }
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(VaultError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Damaged)?;
        let mut buffer = ciphertext.to_vec();
        let plain = self
            .sealing
            .open_in_place(nonce, Aad::from(whereabouts(merchant, column)), &mut buffer)
            .map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain.to_vec()).map(Secret::new).map_err(|_| VaultError::Damaged)
    }

    /// The token in the buyer's link: 128 bits, 22 characters, recomputed whenever it must be shown again.
    #[must_use]
    pub fn link_token(&self, link: LinkId) -> LinkToken {
        let tag = hmac::sign(&self.tokens, link.uuid().as_bytes());
        LinkToken(URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16]))
    }

    /// A phone number as a keyed hash, the form in which it outlives the purge (an opt-out must).
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

/// The secret part of a buyer's link. Stored only as its [`LinkToken::hash`].
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

impl LinkToken {
    /// A token as it came in a URL; any text may be tried, only a real one is found.
    #[must_use]
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The token as it stands in the URL.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256, the form in which it is stored and found.
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

/// SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// A new random secret with a prefix that says what it is for: 192 bits, base64url.
///
/// # Errors
/// [`VaultError::NoRandomness`].
pub fn random_secret(prefix: &str) -> Result<Secret, VaultError> {
    secret_of::<24>(prefix)
}

/// The same with 256 bits, for what nobody has to type or paste.
///
/// # Errors
/// [`VaultError::NoRandomness`].
pub fn random_token(prefix: &str) -> Result<Secret, VaultError> {
    secret_of::<32>(prefix)
}

fn secret_of<const N: usize>(prefix: &str) -> Result<Secret, VaultError> {
    let bytes: [u8; N] = random_bytes(&SystemRandom::new())?;
    Ok(Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
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

fn whereabouts(merchant: MerchantId, column: &str) -> Vec<u8> {
    [merchant.uuid().as_bytes(), column.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    fn vault() -> Vault {
        Vault::new(&Vault::generate_key().unwrap()).unwrap()
    }

    #[test]
    fn a_sealed_secret_opens_only_where_it_belongs() {
        let (vault, merchant) = (vault(), MerchantId::new(Utc::now()));
        let sealed = vault.seal(&Secret::new("sk_test_1"), merchant, "secret_key").unwrap();
        assert_eq!(vault.open(&sealed, merchant, "secret_key").unwrap().expose(), "sk_test_1");
        assert_eq!(vault.open(&sealed, merchant, "webhook_secrets"), Err(VaultError::Damaged));
        let stranger = MerchantId::from_uuid(uuid::Uuid::nil());
        assert_eq!(vault.open(&sealed, stranger, "secret_key"), Err(VaultError::Damaged));
        assert_eq!(super::tests::vault().open(&sealed, merchant, "secret_key"), Err(VaultError::OtherKey));
    }

    #[test]
    fn a_sealed_secret_that_was_tampered_with_does_not_open() {
        let (vault, merchant) = (vault(), MerchantId::new(Utc::now()));
        let sealed = vault.seal(&Secret::new("sk_test_1"), merchant, "secret_key").unwrap();
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(vault.open(&damaged, merchant, "secret_key").is_err());
            assert!(vault.open(&sealed[..position], merchant, "secret_key").is_err());
        }
    }

    #[test]
    fn a_link_token_is_22_characters_and_the_same_each_time() {
        let (vault, link) = (vault(), LinkId::new(Utc::now()));
        assert_eq!(vault.link_token(link).expose().len(), 22);
        assert_eq!(vault.link_token(link), vault.link_token(link));
        assert_ne!(vault.link_token(link), vault.link_token(LinkId::from_uuid(uuid::Uuid::nil())));
    }

    #[test]
    fn a_key_that_is_not_32_bytes_is_refused() {
        assert_eq!(Vault::new(&Secret::new("c2hvcnQ=")).unwrap_err(), VaultError::BadKey);
        assert_eq!(Vault::new(&Secret::new("not base64!")).unwrap_err(), VaultError::BadKey);
    }
}
