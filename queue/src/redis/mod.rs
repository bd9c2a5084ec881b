//! Queues in Redis, which tell workers at once that a job's row is waiting.
//!
//! The row in the database is the job. Redis holds only a notification of it: the job's id, its lane and, while it is
//! being handled, a lease. A notification may be lost, since the scheduler sends it again from the rows, and it may be
//! duplicated, since the row says that the job is finished. So Redis makes jobs fast, and correctness does not depend
//! on it.
//!
//! # Layout
//! There is one queue for each kind of job, under `<prefix>:{<queue>}:`. The braces put all keys of a queue on one node
//! of a cluster, and the queues on several. A job is written as `<job>:<lane>`, two UUIDs. Nothing remains of a
//! finished job, and workers are not registered anywhere.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `jobs` | hash | every known job with its state and deliveries: `r0` is ready, `d1` due later, `l2` leased |
//! | `ready:<lane>` | list | the lane's ready jobs, oldest first |
//! | `lanes` | list | the lanes that have ready jobs, each once, in the order of their turns |
//! | `due` | sorted set | jobs that must not start before their score (unix ms, by Redis's clock) |
//! | `leases` | sorted set | jobs that are being handled, until their score (unix ms) |
//! | `dead` | sorted set | unreadable entries, for a person to inspect; the newest 1,000 |
//!
//! Rate limits and budgets, shared by all processes, are kept under `<prefix>:limit:{<name>}` and
//! `<prefix>:budget:{<name>}`. They expire when they no longer matter.
//!
//! Every change is one Lua script and therefore atomic. Scripts are passed their keys, except for the lists of lanes,
//! whose names they derive: only Redis knows whose turn it is. Wake-ups are published on the channel `<prefix>:wake`
//! with the queue's name. `jobs` is authoritative and the other keys are indexes to it; an id in a list is skipped if
//! its entry in `jobs` says otherwise. All times are from Redis's own `TIME`. Delays are passed as durations, so that
//! clocks need not agree. Redis must not evict keys (`maxmemory-policy noeviction`).
//!
//! # Handling jobs
//! [`RedisBackend`] is a [`Backend`](apalis_core::backend::Backend) for an apalis worker. Behind it one task, the
//! fetcher, makes *turns*: a turn is one script call that acknowledges all pending answers and claims as many jobs as
//! there are free slots. Turns are triggered by pub/sub, by the time of the earliest delayed job, and by a slow safety
//! poll. The fetcher also renews the leases, however busy or stuck the worker is. If the reply to a claim is lost, the
//! claimed jobs are delivered again when their leases run out.

mod ack;
mod address;
mod backend;
mod budget;
mod cluster;
pub(crate) mod connection;
mod error;
mod fetcher;
mod id;
mod inspection;
mod keys;
mod leases;
pub(crate) mod listener;
mod metrics;
mod model;
mod options;
mod prefetch;
mod queue;
mod queues;
mod rate_limit;
pub(crate) mod script;
mod server;
mod time_source;

pub(crate) use self::metrics::{MetricNames, declare as declare_metrics};
pub use ack::{AckLayer, AckService, HandlerPanicked};
pub use address::Certificates;
pub use backend::RedisBackend;
pub use error::QueueError;
pub use inspection::{Finding, Inspection, Node, ServerMode};
pub use model::{Ack, Delivery, Depth, DueJob};
pub use options::BackendOptions;
pub use queues::RedisQueues;
pub use rate_limit::{Pass, Urgency};
pub use time_source::TimeSource;
