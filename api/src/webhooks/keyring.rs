//! A short-lived cache of merchants' Stripe signing secrets, so that a webhook need not read and unseal them.

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

/// How long a secret that was taken out of use may still be believed. One that is new is believed at once: whenever no known
/// secret matches, they are read again.
const KEPT: TimeDelta = TimeDelta::seconds(2);

/// What this process knows of merchants' secrets.
#[derive(Debug)]
pub(super) struct Keyring {
    db: Db,
    known: Mutex<HashMap<MerchantId, Known>>,
}

/// What came, and when.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) merchant: MerchantId,
    /// The signature, as it was sent.
    pub(super) header: &'a str,
    pub(super) body: &'a [u8],
    pub(super) now: DateTime<Utc>,
}

#[derive(Debug, Clone)]
struct Known {
    keys: Arc<[hmac::Key]>,
    read_at: DateTime<Utc>,
}

impl Keyring {
    /// One that knows nothing yet, and reads from this database.
    pub(super) fn new(db: Db) -> Self {
        Self { db, known: Mutex::default() }
    }

    /// Judges a webhook's signature. Whoever sends too many that are none is judged by the secrets that are known, lest they keep the
    /// database busy.
    ///
    /// # Errors
    /// A problem when there is no such merchant or the database does not answer; else what is wrong with the signature, if
    /// anything is.
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
        // Apart, so that the many that need not read do not carry what reading needs.
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
            // Whoever invents merchants must not fill the memory with them.
            None => return Err(Problem::not_found()),
        };
        let keys: Arc<[hmac::Key]> = secrets.iter().map(|secret| signing_key(secret.expose())).collect();
        self.lock().insert(merchant, Known { keys: Arc::clone(&keys), read_at: now });
        Ok(keys)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MerchantId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
