//! The workers: one file a job, and the clients of Stripe and of carriers. Everything slow or external happens here.

mod applier;
mod carrier;
mod closing;
mod door;
mod handler;
mod http;
mod jobs;
pub mod meter;
mod payment;
mod pdf;
mod registry;
mod settling;
mod stripe;
mod stripe_event;
mod work;

pub use carrier::SmsOptions;
pub use door::Limits;
pub use registry::{Concurrency, Options, run};
pub use work::{Work, WorkError};
