//! Limits how often one address may do what nobody legitimately does often. Each process counts for itself.

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

/// How many addresses are remembered before those that have been quiet are forgotten.
const MOST_ADDRESSES: usize = 10_000;

/// How often they are looked for at most.
const TIDIED_EVERY: Duration = Duration::from_secs(1);

/// How often each address may do one thing: a few at once, then at a steady pace.
#[derive(Debug)]
pub(crate) struct Throttle {
    counts: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    /// When those that have been quiet were last forgotten: to look for them takes time, and everybody waits meanwhile.
    tidied: Mutex<Instant>,
}

impl Throttle {
    /// `burst` at once, then one in each `pace`.
    fn new(burst: NonZeroU32, pace: Duration) -> Self {
        let quota = Quota::with_period(pace).unwrap_or_else(|| Quota::per_second(burst)).allow_burst(burst);
        Self { counts: RateLimiter::hashmap(quota), tidied: Mutex::new(Instant::now()) }
    }

    /// Counts one more; too many are refused, with the time to wait.
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

/// What is counted.
#[derive(Debug)]
pub(crate) struct Throttles {
    /// Keys that are none, wherever they are presented: a person mistypes one or two, a program that guesses needs many.
    pub(crate) guesses: Throttle,
    /// Requests below `/p/`: a buyer needs a few, whoever tries tokens needs many.
    pub(crate) buyers: Throttle,
    /// Webhooks that are not signed as they must be: a secret that is set wrongly makes some, at the pace of payments.
    pub(crate) signatures: Throttle,
}

impl Default for Throttles {
    fn default() -> Self {
        const GUESSES: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
        // Many buyers may share the address of one carrier.
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
