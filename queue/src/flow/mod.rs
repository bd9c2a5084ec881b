//! Flow control: what holds jobs back without its being their fault, and without an attempt being lost to it.
//!
//! - A [`Gate`] stands before each service outside. It has a limit, which all processes share, and a breaker. Whoever it does not
//!   let pass gets a [`NotNow`], which puts the job off.
//! - [`Pauses`] hold back what an operator has paused.

mod breaker;
mod gate;
mod pause;

pub use breaker::{Admission, BreakerState, Breakers, LeftAlone};
pub use gate::{Gate, NotNow, Passage, Rate};
pub use pause::{Paused, Pauses};
