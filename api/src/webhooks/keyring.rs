//! A short-lived cache of merchants' Stripe signing secrets, so that a webhook need not read and decrypt them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use domain::MerchantId;
use entity::{Db, merchant, stripe_integration};
use ring::hmac;

use super::stripe_signature::{SignatureError, signing_key, verify};
use crate::{Api, Problem};

/// How long a dropped secret may still be accepted. A new one is accepted at once, because the secrets are read again
/// if none matches.
const KEPT: TimeDelta = TimeDelta::seconds(2);

/// The cached secrets of merchants.
#[derive(Debug)]
pub(super) struct Keyring {
    db: Db,
    known: Mutex<HashMap<MerchantId, CachedKeys>>,
}

/// A received webhook with its time.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) merchant: MerchantId,
    /// The signature header.
    pub(super) header: &'a str,
    pub(super) body: &'a [u8],
    pub(super) now: DateTime<Utc>,
}

#[derive(Debug, Clone)]
struct CachedKeys {
    keys: Arc<[hmac::Key]>,
    read_at: DateTime<Utc>,
}

impl Keyring {
    /// Starts empty, and reads from this database.
    pub(super) fn new(db: Db) -> Self {
        Self { db, known: Mutex::default() }
    }

    /// Verifies a webhook's signature. For senders of too many invalid ones, only cached secrets are used, so that they
    /// cannot keep the database busy.
    ///
    /// # Errors
    /// Returns a problem if the merchant does not exist or the database query fails. The inner result says what is
    /// wrong with the signature.
    pub(super) async fn judge(
        &self,
        api: &Api,
        Signed { merchant, header, body, now }: Signed<'_>,
        may_read_again: bool,
    ) -> Result<Result<(), SignatureError>, Problem> {
        if let Some(known) = self.known(merchant, now) {
            match verify(header, body, &known, now) {
                Err(SignatureError::NoSecret | SignatureError::Mismatch) if may_read_again => {}
                ack => return Ok(ack),
            }
        }
        // Boxed, so that the many calls that need not read stay small.
        let keys = Box::pin(self.read(api, merchant, now)).await?;
        Ok(verify(header, body, &keys, now))
    }

    fn known(&self, merchant: MerchantId, now: DateTime<Utc>) -> Option<Arc<[hmac::Key]>> {
        let known = self.lock().get(&merchant).cloned()?;
        ((now - known.read_at).abs() < KEPT).then_some(known.keys)
    }

    async fn read(&self, api: &Api, merchant: MerchantId, now: DateTime<Utc>) -> Result<Arc<[hmac::Key]>, Problem> {
        let pool = self.db.pool();
        let secrets = match stripe_integration::find(pool, merchant).await? {
            Some(integration) => integration.webhook_secrets(&api.vault, now)?,
            None if merchant::find(pool, merchant).await?.is_some() => Vec::new(),
            // Unknown merchants are not cached, so that inventing some does not fill the memory.
            None => return Err(Problem::not_found()),
        };
        let keys: Arc<[hmac::Key]> = secrets.iter().map(|secret| signing_key(secret.expose())).collect();
        self.lock().insert(merchant, CachedKeys { keys: Arc::clone(&keys), read_at: now });
        Ok(keys)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MerchantId, CachedKeys>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
