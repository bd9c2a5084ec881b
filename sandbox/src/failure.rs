//! The answer of a service that was told to fail.

use crate::answer::Answer;

/// A failure in place of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Whether the call has its effect all the same.
    pub(crate) after_effect: bool,
    pub(crate) answer: Answer,
}
