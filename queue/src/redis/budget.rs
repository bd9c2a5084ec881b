//! Budgets shared by all processes.

use std::sync::LazyLock;
use std::time::Duration;

use super::rate_limit::micros;
use super::script::Script;
use super::{QueueError, RedisQueues};

static BUDGET: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("lua/budget.lua")));

impl RedisQueues {
    /// Adds to what is owed at the budget of this name, and answers what is owed now, by all processes. It is paid off as time
    /// passes: a second in each. See `budget.lua`.
    ///
    /// # Errors
    /// If Redis is away or does not answer within a second.
    pub async fn spend(&self, budget: &str, spent: Duration) -> Result<Duration, QueueError> {
        let mut call = BUDGET.call_on(&format!("{}:budget:{{{budget}}}", self.prefix()));
        call.arg(micros(spent));
        self.connection().run(&BUDGET, &call).await.map(Duration::from_micros)
    }
}
