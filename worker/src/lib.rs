//! The workers: one file a job, and the clients of Stripe and of carriers. Everything slow or external happens here.

mod applier;
mod carrier;
mod close;
mod context;
mod http;
mod jobs;
pub mod metrics;
mod outbound_service;
mod payment;
mod pdf;
mod registry;
mod settlement;
mod stripe;
mod stripe_event;

pub use carrier::SmsOptions;
pub use context::{ContextError, ContextParts, JobContext};
pub use outbound_service::Limits;
pub use registry::{Concurrency, Options, run};
