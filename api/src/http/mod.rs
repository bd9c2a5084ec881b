//! What is true of every request, whatever it asks for.

pub(crate) mod bodies;
