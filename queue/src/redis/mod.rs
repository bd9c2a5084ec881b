//! Queues in Redis: how a worker learns at once that a job's row is waiting.
//!
//! The row in the database is the job; what Redis holds is only a notification of it: the job's id, its lane and, while it is
//! being handled, a lease. A notification may be lost (the scheduler notifies again from the rows) and it may come twice (the row
//! says that the job is finished), so Redis never has to be trusted with anything but speed.
//!
//! # What a queue is in Redis
//! One queue for each kind of job, under `<prefix>:{<queue>}:`; the braces put all keys of a queue on one node of
//! a cluster, and the queues on several. A job is written `<job>:<lane>`, two UUIDs. Nothing remains of a job that is done, and no worker
//! registers itself anywhere.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `jobs` | hash | every job that is known, and its state and deliveries: `r0` is ready, `d1` due later, `l2` leased |
//! | `ready:<lane>` | list | the lane's ready jobs, oldest first |
//! | `lanes` | list | the lanes that have ready jobs, each once, in the order of their turns |
//! | `due` | sorted set | jobs that must not start before their score (unix ms, by Redis's clock) |
//! | `leases` | sorted set | jobs that are being handled, until their score (unix ms) |
//! | `dead` | sorted set | entries that could not be read, for a person to look at; the newest 1,000 |
//!
//! Beside the queues, under `<prefix>:limit:{<name>}` and `<prefix>:budget:{<name>}`, are the limits and budgets that all processes share
//! (keys that expire as soon as they mean nothing any more).
//!
//! Every change is one Lua script, so it happens as a whole. Scripts are passed their keys, except for the lists of the
//! lanes, whose names they make of the others': only Redis knows whose turn it is. Wake-ups are published on
//! the channel `<prefix>:wake`, with the queue's name. `jobs` is the truth and the rest are indexes to it: an id in a list whose entry in `jobs` says
//! otherwise is skipped. All time is Redis's own `TIME`; what is due later is given as a wait, so that neither replicas nor Redis
//! need agree on what time it is. Redis must not evict keys (`maxmemory-policy noeviction`).
//!
//! # How a job is handled
//! [`RedisBackend`] is a [`Backend`](apalis_core::backend::Backend) for an apalis worker. Behind it one task, the
//! fetcher, makes *turns*: a turn is one script call that acknowledges every answer that has come in and claims as many
//! jobs as there are free slots. Claims are woken by pub/sub, by the time of the earliest job due later, and by a slow
//! safety poll. The fetcher also renews the leases, however busy or stuck the worker is. If the answer to a claim is lost on
//! its way, nobody knows that the jobs are claimed: they come again when their leases run out.

mod ack;
mod address;
mod backend;
mod budget;
pub(crate) mod connection;
mod error;
mod fetcher;
mod id;
mod inspection;
mod keys;
mod leases;
pub(crate) mod listener;
mod model;
mod options;
mod prefetch;
mod queue;
mod queues;
mod rate_limit;
pub(crate) mod script;
mod server;

pub use ack::{AckLayer, AckService, HandlerPanicked};
pub use address::Certificates;
pub use backend::RedisBackend;
pub use error::QueueError;
pub use inspection::{Finding, Inspection, Node};
pub use model::{Ack, Delivery, Depth, DueJob};
pub use options::BackendOptions;
pub use queues::RedisQueues;
pub use rate_limit::Pass;
