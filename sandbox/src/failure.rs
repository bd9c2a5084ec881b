//! The response of a service that was told to fail.

use crate::answer::Answer;

/// A failure that replaces the response.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Whether the call takes effect nevertheless.
    pub(crate) after_effect: bool,
    pub(crate) answer: Answer,
}
