//! The job queue: enqueuing, notifying, claiming, finishing and retrying jobs. The only crate that talks to Redis.
//!
//! A command inserts a `job` row in its own transaction ([`enqueue()`]) and, after the commit, pushes the job's id to
//! Redis ([`Queue::notify`]). A worker claims the row, does the work, and finishes the row in the same transaction as
//! the effect ([`Lease::finish`]). A lost notification is sent again from the rows; a duplicate finds the job already
//! finished.

pub mod admin;
mod batcher;
mod changes;
mod enqueue;
mod error;
pub mod event_jobs;
mod executor;
pub mod flow;
mod kinds;
pub mod live;
pub mod metrics;
mod notify;
mod queue;
pub mod recovery;
pub mod redis;
pub mod trace;

pub use batcher::{BatchError, BatchHandler, Batcher, Limits};
pub use changes::{Changes, deliver_from, enqueue_delivery};
pub use enqueue::{EnqueueOptions, EnqueuedJob, JobDraft, enqueue, enqueue_all};
pub use error::JobError;
pub use executor::{Claim, Claims, Done, Executor, JobHandler, Lease, Policy, claim_all, finish_all};
pub use kinds::*;
pub use queue::{Queue, inspect};
pub use trace::Trace;
