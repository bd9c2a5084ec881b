//! The states of a payment link and the effect of its payments.

pub mod disputes;
mod elsewhere;
pub mod lifetime;
pub mod money_back;
mod overpayment;
mod review;
mod state;
mod state_by_session;
mod timeline_detail;

pub use disputes::Dispute;
pub use elsewhere::ElsewhereMethod;
pub use lifetime::RETENTION;
pub use overpayment::Excess;
pub use review::Review;
pub use state::{LinkEvent, LinkState, Refusal, Transition};
pub use state_by_session::{Judged, PaymentState};
pub use timeline_detail::{DisputeDetail, ElsewhereDetail, PaymentSource, RefundDetail, StripeProof};
