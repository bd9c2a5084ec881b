//! Budgets shared by all processes.

use std::sync::LazyLock;
use std::time::Duration;

use super::rate_limit::micros;
use super::script::Script;
use super::{QueueError, RedisQueues};

static BUDGET: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("lua/budget.lua")));

impl RedisQueues {
    /// Adds to the debt of a budget and returns the total, over all processes. The debt decreases by one second per
    /// second. See `budget.lua`.
    ///
    /// # Errors
    /// Returns an error if Redis is unavailable or does not answer within a second.
    pub async fn spend(&self, budget: &str, spent: Duration) -> Result<Duration, QueueError> {
        let mut call = BUDGET.call_on(&format!("{}:budget:{{{budget}}}", self.prefix()));
        call.arg(micros(spent));
        self.connection().run(&BUDGET, &call).await.map(Duration::from_micros)
    }
}
