//! The workers: one file per job, and the clients of Stripe and the carriers. Everything slow or external happens here.

mod carrier;
mod context;
pub mod details_pdf;
mod jobs;
pub mod metrics;
mod missing_row;
mod outbound;
mod payments;
mod pdf;
mod registry;
mod stripe;
mod webhook_deliveries;

pub use carrier::SmsOptions;
pub use context::{ContextError, ContextParts, JobContext};
pub use outbound::service::OutboundLimits;
pub use pdf::{PdfReader, answer_to as answer_to_pdf};
pub use registry::{Concurrency, Options, run};
pub use webhook_deliveries::{RenderResource, Rendering};
