//! Errors of the queues in Redis.

use std::{error::Error, time::Duration};

use redis::RedisError;

/// Why a command to Redis failed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The URL is not of the form `redis://host:port/db`, `rediss://…` or `redis+unix:///path`, or a host or
    /// certificate is invalid.
    #[error("the Redis URL cannot be used")]
    Url(#[source] RedisError),
    /// The Sentinel or Cluster URL is malformed.
    #[error("the Redis URL cannot be used: {0}")]
    Address(&'static str),
    /// The prefix is empty or contains one of `{}*?[]\`, which have a meaning in keys and patterns.
    #[error("{0:?} cannot be the prefix of our keys")]
    Prefix(String),
    /// Redis is unreachable or refused the command.
    #[error("Redis failed")]
    Redis(#[from] RedisError),
    /// Redis did not answer in time. It may have run the command nevertheless.
    #[error("Redis did not answer within {0:?}")]
    TimedOut(Duration),
    /// The fetcher ended because of a bug. The worker must be restarted.
    #[error("the fetcher behind this worker has ended")]
    FetcherEnded,
}

impl QueueError {
    /// The error and its source in one line.
    pub(super) fn with_source(&self) -> String {
        self.source().map_or_else(|| self.to_string(), |source| format!("{self}: {source}"))
    }
}
