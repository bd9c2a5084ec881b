//! What a job of something that does not exist ends with.

/// A row that a job refers to is missing.
#[derive(Debug, thiserror::Error)]
#[error("{0} does not exist")]
pub(crate) struct Missing(pub(crate) String);
