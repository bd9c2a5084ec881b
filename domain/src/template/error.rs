//! What can be wrong with a template, in words for the merchant who wrote it.

use super::{LONGEST_TEMPLATE, Variable};
use crate::{
    plain_template::{PlainTemplateError, RenderingError},
    sms::BodyError,
};

/// Why a template is refused, or cannot be rendered. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// More than [`LONGEST_TEMPLATE`] characters.
    #[error("the template has {characters} characters; {LONGEST_TEMPLATE} is the most")]
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// A control character other than a line break or a tab.
    #[error("line {line}: a control character, U+{:04X}", u32::from(*character))]
    ControlCharacter {
        /// The first one.
        character: char,
        /// The line that it is on, counted from 1.
        line: usize,
    },
    /// A link through a shortener that anybody may use.
    #[error("line {line}: carriers filter texts with links through {host}; use {{{{link}}}}, which needs no shortener")]
    SharedShortener {
        /// The shortener.
        host: &'static str,
        /// The line that it is on, counted from 1.
        line: usize,
    },
    /// A variable that there is not.
    #[error("line {line}: there is no variable {{{{{name}}}}}; there are {}", Variable::list())]
    UnknownVariable {
        /// What stands between the braces.
        name: String,
        /// The line that it is on, counted from 1.
        line: usize,
    },
    /// Not a template of plain variables.
    #[error(transparent)]
    Plain(PlainTemplateError),
    /// No `{{link}}`: the buyer could not pay.
    #[error("the template needs {{{{link}}}}, or the buyer cannot pay")]
    NoLink,
    /// The rendered text cannot be sent.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It could not be rendered, though it was checked before.
    #[error(transparent)]
    Rendering(#[from] RenderingError),
}

impl From<PlainTemplateError> for TemplateError {
    fn from(error: PlainTemplateError) -> Self {
        match error {
            // Told with the names that there are.
            PlainTemplateError::UnknownVariable { name, line } => Self::UnknownVariable { name, line },
            other => Self::Plain(other),
        }
    }
}
