//! The states of a payment link and the effect of its payments.

pub mod disputes;
mod elsewhere;
pub mod lifetime;
pub mod money_back;
mod overpayment;
mod payment_state;
mod review;
mod state;

pub use disputes::Dispute;
pub use elsewhere::ElsewhereMethod;
pub use lifetime::RETENTION;
pub use overpayment::Excess;
pub use payment_state::{Judged, PaymentState};
pub use review::Review;
pub use state::{LinkEvent, LinkState, Refusal, Transition};
