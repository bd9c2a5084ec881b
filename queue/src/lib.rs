//! What a job is, how it is promised, rung, claimed, finished and retried. The only crate that knows Redis.
//!
//! The row is the promise, Redis is the bell. A command writes a `job` row in its own transaction ([`promise`]) and rings
//! the job's id after the commit ([`Queue::ring`]). A worker claims the row, does the work, and finishes the row in the same
//! transaction as the effect ([`Lease::finish`]). A bell that is lost is rung again from the rows; one that rings twice finds
//! the job finished.

mod attempt;
mod batch;
mod batch_finish;
mod batch_promise;
pub mod bell;
mod claims;
mod cut_off;
mod error;
pub mod flow;
mod jobs;
mod kind;
mod lease;
pub mod meter;
pub mod news;
mod operate;
mod promise;
mod replay;
mod retry;
mod ring;
mod survey;
mod sweep;
pub mod trace;
mod unknown;

pub use attempt::{Attempts, Handle};
pub use batch::{Batch, BatchError, Limits, Together};
pub use batch_finish::finish_all;
pub use batch_promise::{Draft, store_all};
pub use claims::{Claims, claim_all};
pub use cut_off::CutOff;
pub use error::JobError;
pub use jobs::{
    CheckStripeKey, CloseReason, CloseStripeLink, CreateStripeLink, DiagnoseStripe, Job, ProcessSmsEvent,
    ProcessStripeEvent, PurgeLink, ReconcileLink, RegisterStripeWebhook, Remind, SendSms, StoreInvoice,
};
pub use kind::{Kind, UnknownKind};
pub use lease::{Claim, Done, Lease};
pub use operate::{JobFilter, Remedied, Remedy, RingError, find, list, pause, remedy, resume, ring_waiting};
pub use promise::{Promise, Ticket, promise};
pub use replay::replay_event;
pub use retry::{Policy, policy};
pub use ring::Queue;
pub use survey::{KindStanding, MOST_DEAD, Rows, standings, survey_bells, survey_rows};
pub use sweep::{Page, clean, overdue, queued};
pub use trace::Trace;
pub use unknown::park_unknown;
