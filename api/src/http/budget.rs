//! A merchant's request budget: a burst of one second's worth, then a steady rate. It is shared by all keys and
//! sessions of the merchant in all processes.
//!
//! Requests are charged as debts; see [`Debts`]. A heavy caller costs one Redis call in 25 requests, and each process
//! can overspend the budget by at most a twentieth.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use domain::MerchantId;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderName, HeaderValue, StatusCode},
};
use queue::Queue;

use super::debts::{DebtKind, Debts};
use crate::{Problem, metrics};

/// The largest debt: one second, after which it is paid off.
const BURST: Duration = Duration::from_secs(1);

/// The part of the budget that is reported to other processes at once.
const SHARE: u32 = 20;

/// The size of an answer that costs nothing beyond its request: a page of a hundred ordinary orders.
const ORDINARY: u64 = 256 * 1024;

/// How many bytes of a longer answer are read, serialized and written per microsecond of CPU time.
const BYTES_A_MICROSECOND: u64 = 16;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The budgets of all merchants.
#[derive(Debug)]
pub(crate) struct Budgets(Option<LimitedBudgets>);

#[derive(Debug)]
struct LimitedBudgets {
    per_second: u32,
    cost: Duration,
    debts: Debts,
}

/// The state of a budget after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BudgetState {
    limit: u32,
    remaining: u32,
    /// In seconds.
    reset: u64,
}

/// Where the budget's state is kept for the response's headers.
type Slot = Arc<OnceLock<BudgetState>>;

impl Budgets {
    /// Sets the requests per second for each merchant; 0 is unlimited.
    pub(crate) fn new(per_second: u32, queue: &Queue) -> Self {
        let limited = BURST.checked_div(per_second).map(|cost| {
            let cost = cost.max(Duration::from_micros(1));
            // The name in Redis is empty, because this was once the only kind.
            let kind = DebtKind { name: "", most: BURST, share: cost * (per_second / SHARE).max(1) };
            LimitedBudgets { per_second, cost, debts: Debts::new(kind, queue.queues().clone()) }
        });
        Self(limited)
    }

    /// Charges a request of this merchant.
    ///
    /// # Errors
    /// Returns 429, without charging, if the budget is spent.
    pub(crate) fn spend(&self, request: &Request, merchant: MerchantId) -> Result<(), Problem> {
        let Some(limited) = &self.0 else { return Ok(()) };
        let (state, spent) = limited.spend(merchant, Instant::now());
        if let Some(told) = request.data::<Slot>() {
            let _ = told.set(state);
        }
        spent.map_err(|wait| {
            metrics::over_budget();
            let detail = format!("Your keys may make {} requests a second together.", limited.per_second);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail).after(wait)
        })
    }

    /// Charges a request that used this much CPU time: four times that, and at most half a budget. It is never refused,
    /// since the work is done; later requests wait.
    pub(crate) fn charge(&self, merchant: MerchantId, busy: Duration) {
        let Some(limited) = &self.0 else { return };
        limited.debts.owe(merchant, (busy * 4).min(BURST / 2), Instant::now());
    }

    /// Charges a long answer for the time it takes beyond an ordinary one.
    pub(crate) fn charge_bytes(&self, merchant: MerchantId, bytes: u64) {
        let beyond = bytes.saturating_sub(ORDINARY);
        if beyond > 0 {
            self.charge(merchant, Duration::from_micros(beyond / BYTES_A_MICROSECOND));
        }
    }
}

impl LimitedBudgets {
    /// The state of the budget, and how long to wait if it is spent.
    fn spend(&self, merchant: MerchantId, now: Instant) -> (BudgetState, Result<(), Duration>) {
        let (owed, spent) = self.debts.spend(merchant, self.cost, now);
        (self.state(owed), spent)
    }

    fn state(&self, owed: Duration) -> BudgetState {
        let free = BURST.saturating_sub(owed).as_micros() / self.cost.as_micros().max(1);
        let remaining = u32::try_from(free).unwrap_or(u32::MAX).min(self.per_second);
        BudgetState { limit: self.per_second, remaining, reset: owed.as_secs() + u64::from(owed.subsec_nanos() > 0) }
    }
}

impl BudgetState {
    fn write_to(self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset));
    }
}

/// Adds the budget's state to the headers of responses below `/v1`.
pub(crate) async fn tell_state<E: Endpoint>(endpoint: Arc<E>, mut request: Request) -> poem::Result<Response> {
    if !request.uri().path().starts_with("/v1/") {
        return endpoint.call(request).await.map(IntoResponse::into_response);
    }
    let told = Slot::default();
    request.set_data(Arc::clone(&told));
    let mut response = endpoint.call(request).await?.into_response();
    if let Some(state) = told.get() {
        state.write_to(&mut response);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;
    use domain::Clock;
    use entity::Db;
    use queue::redis::RedisQueues;

    const MS: Duration = Duration::from_millis(1);

    /// A budget without a reachable Redis.
    async fn limited(per_second: u32) -> LimitedBudgets {
        Budgets::new(per_second, &queue().await).0.unwrap()
    }

    async fn queue() -> Queue {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        Queue::new(RedisQueues::open("redis://127.0.0.1:1", "test", Clock::system()).unwrap(), db)
    }

    #[tokio::test]
    async fn a_seconds_worth_may_be_spent_at_once_and_then_as_it_is_paid_off() {
        let (limited, now) = (limited(10).await, Instant::now());
        let (one, other) = (MerchantId::new(Utc::now()), MerchantId::new(Utc::now()));
        for left in (0..10).rev() {
            let (state, spent) = limited.spend(one, now);
            assert_eq!((state, spent), (BudgetState { limit: 10, remaining: left, reset: 1 }, Ok(())));
        }
        let (state, spent) = limited.spend(one, now);
        assert_eq!((state.remaining, spent), (0, Err(100 * MS)));
        assert!(limited.spend(other, now).1.is_ok(), "another merchant has a budget of its own");
        assert!(limited.spend(one, now + 99 * MS).1.is_err());
        assert!(limited.spend(one, now + 100 * MS).1.is_ok());
        assert!(limited.spend(one, now + 150 * MS).1.is_err(), "what was refused is not owed, what was granted is");
        assert_eq!(limited.spend(one, now + 2_000 * MS).0.remaining, 9);
    }

    #[tokio::test]
    async fn what_kept_a_processor_busy_is_waited_for() {
        let (limited, now, one) = (limited(100).await, Instant::now(), MerchantId::new(Utc::now()));
        limited.spend(one, now).1.unwrap();
        let budgets = Budgets(Some(limited));
        budgets.charge(one, 20 * MS);
        for _ in 0..3 {
            budgets.charge(one, Duration::from_secs(9));
        }
        let Budgets(Some(limited)) = budgets else { panic!("there is a limit") };
        let (state, spent) = limited.spend(one, Instant::now());
        assert_eq!((state.remaining, state.reset), (0, 2));
        assert!(spent.is_err_and(|wait| wait > 400 * MS && wait <= 600 * MS), "{spent:?}");
    }

    #[tokio::test]
    async fn none_is_as_many_as_wanted() {
        let budgets = Budgets::new(0, &queue().await);
        for _ in 0..2_000 {
            budgets.spend(&Request::default(), MerchantId::new(Utc::now())).unwrap();
        }
    }
}
