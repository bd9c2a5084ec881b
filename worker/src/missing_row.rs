//! The error of a job whose row does not exist.

/// A row that a job refers to is missing.
#[derive(Debug, thiserror::Error)]
#[error("{0} does not exist")]
pub(crate) struct MissingRow(pub(crate) String);
