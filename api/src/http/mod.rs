//! What is true of every request, whatever it asks for.

pub(crate) mod bodies;
pub(crate) mod budget;
pub(crate) mod seldom;
