//! Sealing with one key: ChaCha20-Poly1305, with the merchant and the column as associated data.

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::SystemRandom,
};

use super::{VaultError, derive, random_bytes};
use crate::{MerchantId, Secret};

/// The format of a sealed value: this byte, the key's id, the nonce, then ciphertext and tag.
const FORMAT: u8 = 1;
const KEY_ID_LEN: usize = 4;

/// Identifies the key that sealed a value, without revealing anything about it.
pub(super) type KeyId = [u8; KEY_ID_LEN];

/// A key for sealing and opening.
pub(super) struct Seal {
    pub(super) id: KeyId,
    key: LessSafeKey,
}

/// A sealed value, split into its parts.
pub(super) struct Sealed<'a> {
    pub(super) id: KeyId,
    nonce: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> Sealed<'a> {
    pub(super) fn read(sealed: &'a [u8]) -> Result<Self, VaultError> {
        let rest = sealed.strip_prefix(&[FORMAT]).ok_or(VaultError::Damaged)?;
        let (id, rest) = rest.split_first_chunk().ok_or(VaultError::Damaged)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(VaultError::Damaged)?;
        Ok(Self { id: *id, nonce, ciphertext })
    }
}

impl Seal {
    /// A seal with keys derived from `root`.
    pub(super) fn new(root: &[u8]) -> Result<Self, VaultError> {
        let mut id = [0; KEY_ID_LEN];
        id.copy_from_slice(&derive(root, "key id")?[..KEY_ID_LEN]);
        let key = UnboundKey::new(&CHACHA20_POLY1305, &derive(root, "sealing")?).map_err(|_| VaultError::BadKey)?;
        Ok(Self { id, key: LessSafeKey::new(key) })
    }

    pub(super) fn seal(
        &self,
        secret: &Secret,
        merchant: MerchantId,
        column: &str,
        random: &SystemRandom,
    ) -> Result<Vec<u8>, VaultError> {
        let nonce: [u8; NONCE_LEN] = random_bytes(random)?;
        let mut sealed = secret.expose().as_bytes().to_vec();
        let aad = Aad::from(whereabouts(merchant, column));
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| VaultError::Damaged)?;
        Ok([&[FORMAT][..], &self.id, &nonce, &sealed].concat())
    }

    pub(super) fn open(&self, sealed: &Sealed<'_>, merchant: MerchantId, column: &str) -> Result<Secret, VaultError> {
        let nonce = Nonce::try_assume_unique_for_key(sealed.nonce).map_err(|_| VaultError::Damaged)?;
        let mut buffer = sealed.ciphertext.to_vec();
        let aad = Aad::from(whereabouts(merchant, column));
        let plain = self.key.open_in_place(nonce, aad, &mut buffer).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(plain.to_vec()).map(Secret::new).map_err(|_| VaultError::Damaged)
    }
}

fn whereabouts(merchant: MerchantId, column: &str) -> Vec<u8> {
    [merchant.uuid().as_bytes(), column.as_bytes()].concat()
}
