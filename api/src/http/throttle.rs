//! Limits how often one address may do what no one legitimately does often. Each process counts for itself.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::Mutex,
    time::{Duration, Instant},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::HashMapStateStore,
};
use poem::{Request, http::StatusCode};

use crate::{Api, Problem, http::address};

/// How many addresses are kept before quiet ones are dropped.
const MOST_ADDRESSES: usize = 10_000;

/// The shortest time between two clean-ups.
const TIDIED_EVERY: Duration = Duration::from_secs(1);

/// A rate limit per address: a burst, then a steady pace.
#[derive(Debug)]
pub(crate) struct Throttle {
    counts: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    /// When quiet addresses were last dropped. Searching for them takes time during which all callers wait.
    tidied: Mutex<Instant>,
}

impl Throttle {
    /// `burst` at once, then one in each `pace`.
    fn new(burst: NonZeroU32, pace: Duration) -> Self {
        let quota = Quota::with_period(pace).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst);
        Self { counts: RateLimiter::hashmap(quota), tidied: Mutex::new(Instant::now()) }
    }

    /// Counts a request. Refuses too many, with the time to wait.
    pub(crate) fn admit(&self, request: &Request, api: &Api) -> Result<(), Problem> {
        self.count(address::household(address::of(request, &api.trusted_proxies)))
    }

    fn count(&self, address: IpAddr) -> Result<(), Problem> {
        if self.counts.len() > MOST_ADDRESSES
            && let Ok(mut tidied) = self.tidied.try_lock()
            && tidied.elapsed() > TIDIED_EVERY
        {
            self.counts.retain_recent();
            *tidied = Instant::now();
        }
        self.counts.check_key(&address).map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests. Please wait a moment.")
                .after(wait)
        })
    }
}

/// The limits.
#[derive(Debug)]
pub(crate) struct Throttles {
    /// Invalid keys, wherever they are presented: a person mistypes one or two, a guessing program needs many.
    pub(crate) guesses: Throttle,
    /// Requests below `/p/`: a buyer needs a few, a program that tries tokens needs many.
    pub(crate) buyers: Throttle,
    /// Webhooks with an invalid signature: a wrong secret causes some, at the rate of payments.
    pub(crate) signatures: Throttle,
}

impl Default for Throttles {
    fn default() -> Self {
        const GUESSES: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
        // Many buyers may share the address of one mobile carrier.
        const PAGES: NonZeroU32 = NonZeroU32::MIN.saturating_add(239);
        const SIGNATURES: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);
        Self {
            guesses: Throttle::new(GUESSES, Duration::from_secs(3)),
            buyers: Throttle::new(PAGES, Duration::from_millis(200)),
            signatures: Throttle::new(SIGNATURES, Duration::from_millis(500)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_refused_after_its_burst_and_others_are_not() {
        let throttle = Throttle::new(NonZeroU32::new(3).unwrap(), Duration::from_hours(1));
        let (one, other) = ("203.0.113.7".parse().unwrap(), "203.0.113.8".parse().unwrap());
        for _ in 0..3 {
            throttle.count(one).unwrap();
        }
        assert!(throttle.count(one).unwrap_err().to_string().starts_with("too_many_requests"));
        throttle.count(other).unwrap();
    }
}
