//! Errors of templates, worded for the merchant who wrote them.

use super::{LONGEST_TEMPLATE, Variable};
use crate::{
    plain_template::{PlainTemplateError, RenderingError},
    sms::BodyError,
};

/// Why a template is refused or cannot be rendered. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// More than [`LONGEST_TEMPLATE`] characters.
    #[error("the template has {characters} characters; {LONGEST_TEMPLATE} is the most")]
    TooLong {
        /// The number of characters.
        characters: usize,
    },
    /// A control character other than a line break or a tab.
    #[error("line {line}: a control character, U+{:04X}", u32::from(*character))]
    ControlCharacter {
        /// The first one.
        character: char,
        /// Its line, counted from 1.
        line: usize,
    },
    /// A link through a public shortener.
    #[error("line {line}: carriers filter texts with links through {host}; use {{{{link}}}}, which needs no shortener")]
    SharedShortener {
        /// The shortener.
        host: &'static str,
        /// Its line, counted from 1.
        line: usize,
    },
    /// A variable that does not exist.
    #[error("line {line}: there is no variable {{{{{name}}}}}; there are {}", Variable::list())]
    UnknownVariable {
        /// The text between the braces.
        name: String,
        /// Its line, counted from 1.
        line: usize,
    },
    /// It is not a template of plain variables.
    #[error(transparent)]
    Plain(PlainTemplateError),
    /// It has no `{{link}}`, so the buyer could not pay.
    #[error("the template needs {{{{link}}}}, or the buyer cannot pay")]
    NoLink,
    /// The rendered text cannot be sent.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It could not be rendered, although it was checked before.
    #[error(transparent)]
    Rendering(#[from] RenderingError),
}

impl From<PlainTemplateError> for TemplateError {
    fn from(error: PlainTemplateError) -> Self {
        match error {
            // This variant lists the variables that exist.
            PlainTemplateError::UnknownVariable { name, line } => Self::UnknownVariable { name, line },
            other => Self::Plain(other),
        }
    }
}
