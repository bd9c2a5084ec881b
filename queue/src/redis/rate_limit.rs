//! Rate limits shared by all processes.

use std::sync::LazyLock;
use std::time::Duration;

use super::script::Script;
use super::{QueueError, RedisQueues};

static LIMIT: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("lua/limit.lua")));

/// Whether anyone waits for what asks for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A person waits, or a program.
    Interactive,
    /// No one waits: it leaves the nearest turns to those for whom someone does.
    Background,
}

/// The result of asking a rate limit for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The caller has a turn, after this wait.
    In(Duration),
    /// There is no turn soon enough. Try again after this wait.
    NotBefore(Duration),
}

impl RedisQueues {
    /// Takes a turn at a rate limit that allows one every `interval`. A turn that is further away than `patience`, or
    /// half of it in the background, is not taken. See `limit.lua`.
    ///
    /// # Errors
    /// Returns an error if Redis is unavailable or does not answer within a second.
    pub async fn pass_at(
        &self,
        limit: &str,
        interval: Duration,
        patience: Duration,
        urgency: Urgency,
    ) -> Result<Pass, QueueError> {
        let mut call = LIMIT.call_on(&format!("{}:limit:{{{limit}}}", self.prefix()));
        call.arg(micros(interval)).arg(micros(patience)).arg(u8::from(urgency == Urgency::Background));
        let (taken, wait): (bool, u64) = self.connection().run(&LIMIT, &call).await?;
        let wait = Duration::from_micros(wait);
        Ok(if taken { Pass::In(wait) } else { Pass::NotBefore(wait) })
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
