//! The workers: one file a job, and the clients of Stripe and of carriers. Everything slow or external happens here.

mod applier;
mod carrier;
mod close;
mod context;
mod handler;
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
pub use context::{ContextError, JobContext};
pub use outbound_service::Limits;
pub use pdf::{PdfReader, answer_to as answer_to_pdf};
pub use registry::{Concurrency, Options, run};
