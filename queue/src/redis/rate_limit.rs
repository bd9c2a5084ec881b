//! Rate limits shared by all processes.

use std::sync::LazyLock;
use std::time::Duration;

use super::script::Script;
use super::{QueueError, RedisQueues};

static LIMIT: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("lua/limit.lua")));

/// What is answered to whoever asks for a turn at a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// It is the caller's, after this wait.
    In(Duration),
    /// There is none so soon: come again after this wait.
    NotBefore(Duration),
}

impl RedisQueues {
    /// Asks for a turn at the limit of this name, at which there is one every `interval`. A turn that would come later than
    /// `patience` is not taken. See `limit.lua`.
    ///
    /// # Errors
    /// If Redis is away or does not answer within a second.
    pub async fn pass_at(&self, limit: &str, interval: Duration, patience: Duration) -> Result<Pass, QueueError> {
        let mut call = LIMIT.call_on(&format!("{}:limit:{{{limit}}}", self.prefix()));
        call.arg(micros(interval)).arg(micros(patience));
        let (taken, wait): (bool, u64) = self.connection().run(&LIMIT, &call).await?;
        let wait = Duration::from_micros(wait);
        Ok(if taken { Pass::In(wait) } else { Pass::NotBefore(wait) })
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
