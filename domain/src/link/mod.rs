//! The states of a payment link and the effect of its payments.

mod elsewhere;
pub mod money_back;
mod payment_state;
mod state;

pub use elsewhere::ElsewhereMethod;
pub use payment_state::{Judged, PaymentState};
pub use state::{LinkEvent, LinkState, Refusal, Review, Transition};
