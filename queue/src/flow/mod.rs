//! Flow control: reasons to hold a job back that are not its fault and cost it no attempt.
//!
//! - A [`FlowControl`] protects each external service with a rate limit shared by all processes and a circuit breaker. A call that may not
//!   be made now gets a [`NotNow`], and its job is snoozed.
//! - [`Pauses`] hold back what an operator has paused.

mod breaker;
mod control;
mod pause;

pub use breaker::LeftAlone;
pub use control::{FlowControl, NotNow, Permit, Rate};
pub use pause::{Paused, Pauses};
