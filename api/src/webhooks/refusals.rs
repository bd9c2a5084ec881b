//! Webhooks with invalid signatures: how many an address may send, and how often they are logged.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::MerchantId;
use entity::webhook_event::Source;
use poem::Request;

use super::bad_signature;
use crate::{
    Api, Problem,
    http::{address, seldom::Seldom},
    metrics,
};

/// How many addresses are kept before those that may send again are dropped.
const MOST_ADDRESSES: usize = 10_000;

/// Refused webhooks. A valid webhook is never refused because of others from its address, since those of all merchants
/// come from the same few.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    stripe: Seldom,
    sms: Seldom,
    /// Addresses that have sent too many, and when they may send another.
    too_many: Mutex<HashMap<IpAddr, Instant>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Refused<'a> {
    /// The claimed sender.
    pub(super) source: Source,
    /// The merchant in the URL.
    pub(super) merchant: MerchantId,
    /// The reason, for the log.
    pub(super) why: &'a str,
}

impl Refusals {
    /// Records a refused webhook, and returns the response. Logged once a minute.
    pub(super) fn refuse(&self, request: &Request, api: &Api, refused: Refused<'_>) -> Problem {
        let Refused { source, merchant, why } = refused;
        metrics::webhook_refused(source);
        let seldom = match source {
            Source::Stripe => &self.stripe,
            Source::Sms => &self.sms,
        };
        if let Some(refused) = seldom.count(Instant::now()) {
            tracing::warn!(merchant.id = %merchant, %source, refused, why, "webhooks are refused: so many since this was told last");
        }
        let Err(problem) = api.throttles.signatures.admit(request, api) else { return bad_signature() };
        let wait = Duration::from_secs(problem.retry_after().unwrap_or_default());
        self.remember(household_of(request, api), Instant::now() + wait);
        problem
    }

    /// Whether this address has sent so many that reading the secrets again is not worthwhile.
    pub(super) fn are_too_many(&self, request: &Request, api: &Api) -> bool {
        let too_many = self.lock();
        !too_many.is_empty() && too_many.get(&household_of(request, api)).is_some_and(|until| Instant::now() < *until)
    }

    fn remember(&self, address: IpAddr, until: Instant) {
        let mut too_many = self.lock();
        if too_many.len() >= MOST_ADDRESSES {
            let now = Instant::now();
            too_many.retain(|_, until| now < *until);
        }
        too_many.insert(address, until);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.too_many.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn household_of(request: &Request, api: &Api) -> IpAddr {
    address::household(address::of(request, &api.trusted_proxies))
}
