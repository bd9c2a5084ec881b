//! Flow control: what holds jobs back without its being their fault, and without an attempt being lost to it.

mod pause;

pub use pause::{Paused, Pauses};
