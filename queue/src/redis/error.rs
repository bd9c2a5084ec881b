//! Errors between us and Redis.

use std::time::Duration;

use redis::RedisError;

/// Why a command to Redis failed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The URL is not one of `redis://host:port/db`, `rediss://…`, `redis+unix:///path`, or a host in it is none, or a certificate is.
    #[error("the Redis URL cannot be used")]
    Url(#[source] RedisError),
    /// The URL of Sentinels or of a cluster is not of its form.
    #[error("the Redis URL cannot be used: {0}")]
    Address(&'static str),
    /// The prefix is empty or has one of `{}*?[]\` in it, which mean something in keys and patterns.
    #[error("{0:?} cannot be the prefix of our keys")]
    Prefix(String),
    /// Redis cannot be reached, or refused the command.
    #[error("Redis failed")]
    Redis(#[from] RedisError),
    /// Redis did not answer in time. The command may have been carried out nevertheless.
    #[error("Redis did not answer within {0:?}")]
    TimedOut(Duration),
    /// The task that claims and acknowledges has ended by a fault of ours: the worker must be started again.
    #[error("the fetcher behind this worker has ended")]
    FetcherEnded,
}
