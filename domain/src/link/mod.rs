//! The states of a payment link and the effect of its payments.

pub mod disputes;
mod elsewhere;
pub mod money_back;
mod overpayment;
mod payment_state;
mod review;
mod state;

use chrono::TimeDelta;

pub use disputes::Dispute;
pub use elsewhere::ElsewhereMethod;
pub use overpayment::Excess;
pub use payment_state::{Judged, PaymentState};
pub use review::Review;
pub use state::{LinkEvent, LinkState, Refusal, Transition};

/// How long the contents of a link, its invoice and its payment are kept, and so the longest a link may stay open.
pub const RETENTION: TimeDelta = TimeDelta::days(90);
