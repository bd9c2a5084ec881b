//! Flow control: what holds jobs back through no fault of their own, at the cost of no attempt.
//!
//! - A [`FlowControl`] stands before each service outside. It has a limit, which all processes share, and a breaker. A call that may not
//!   be made now gets a [`NotNow`], and its job is snoozed.
//! - [`Pauses`] hold back what an operator has paused.

mod breaker;
mod control;
mod pause;

pub use breaker::LeftAlone;
pub use control::{FlowControl, HeldBack, NotNow, Permit, Rate};
pub use pause::{Paused, Pauses};
