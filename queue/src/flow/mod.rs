//! Flow control: holds jobs back for reasons that are not their fault, without costing them an attempt.
//!
//! - [`FlowControl`] guards each external service with a rate limit, which all processes share, and a circuit breaker.
//!   A call that may not be made now gets a [`NotNow`], and its job is snoozed.
//! - [`Pauses`] hold back what an operator has paused.

mod breaker;
mod control;
mod held_back;
mod pause;
mod urgency;

pub use breaker::LeftAlone;
pub use control::{FlowControl, NotNow, Permit, Rate};
pub use held_back::{CARRIER_IS_BUSY, HeldBack, NIGHT};
pub use pause::{Paused, Pauses};
pub use urgency::Urgency;
