//! Flow control: what holds jobs back without its being their fault, and without an attempt being lost to it.
//!
//! - A [`FlowControl`] stands before each service outside. It has a limit, which all processes share, and a breaker. Whoever it does not
//!   let pass gets a [`NotNow`], which puts the job off.
//! - [`Pauses`] hold back what an operator has paused.

mod breaker;
mod control;
mod pause;

pub use breaker::LeftAlone;
pub use control::{FlowControl, NotNow, Permit, Rate};
pub use pause::{Paused, Pauses};
