//! What can be wrong with a template, in words for the merchant who wrote it.

use super::{LONGEST_TEMPLATE, Variable};
use crate::sms::BodyError;

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
        /// Where it is.
        line: usize,
    },
    /// A link through a shortener that anybody may use.
    #[error("line {line}: carriers filter texts with links through {host}; use {{{{link}}}}, which needs no shortener")]
    SharedShortener {
        /// The shortener.
        host: &'static str,
        /// Where it is.
        line: usize,
    },
    /// Braces that do not close, or something within them that handlebars cannot read.
    #[error("line {line}: this cannot be read; a variable is written {{{{link}}}}")]
    Syntax {
        /// Where reading stopped.
        line: usize,
        /// What handlebars says.
        source: Box<handlebars::TemplateError>,
    },
    /// A variable that there is not.
    #[error("line {line}: there is no variable {{{{{name}}}}}; there are {}", Variable::list())]
    UnknownVariable {
        /// What stands between the braces.
        name: String,
        /// Where it is.
        line: usize,
    },
    /// Something of handlebars other than a plain variable.
    #[error("line {line}: {construct} cannot be used here, only plain variables such as {{{{link}}}}")]
    NotAVariable {
        /// What it is.
        construct: Construct,
        /// Where it is.
        line: usize,
    },
    /// No `{{link}}`: the buyer could not pay.
    #[error("the template needs {{{{link}}}}, or the buyer cannot pay")]
    NoLink,
    /// The rendered text cannot be sent.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Handlebars would not render what was checked before.
    #[error("the template could not be rendered")]
    Render(#[source] Box<handlebars::RenderError>),
}

/// What handlebars has besides plain variables, and templates here have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construct {
    /// `{{#if …}}…{{/if}}`, `{{#each …}}`, `{{#name}}`, `{{{{raw}}}}`.
    Block,
    /// `{{name argument}}`, `{{name key=value}}`.
    Helper,
    /// `{{(name)}}`.
    Subexpression,
    /// `{{> name}}`.
    Partial,
    /// `{{* name}}`.
    Decorator,
    /// `{{"text"}}`.
    Literal,
}

impl std::fmt::Display for Construct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Block => "a block ({{#…}})",
            Self::Helper => "a helper ({{name argument}})",
            Self::Subexpression => "a subexpression ({{(…)}})",
            Self::Partial => "a partial ({{> …}})",
            Self::Decorator => "a decorator ({{* …}})",
            Self::Literal => "a literal",
        })
    }
}

impl TemplateError {
    pub(super) fn syntax(source: handlebars::TemplateError) -> Self {
        Self::Syntax { line: source.pos().map_or(1, |(line, _)| line), source: Box::new(source) }
    }
}

impl From<handlebars::RenderError> for TemplateError {
    fn from(source: handlebars::RenderError) -> Self {
        Self::Render(Box::new(source))
    }
}
