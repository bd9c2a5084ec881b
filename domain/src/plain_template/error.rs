//! What can be wrong with a template, and with rendering it.

use std::fmt;

use super::LONGEST;

/// Why a text is no template. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum PlainTemplateError {
    /// More than [`LONGEST`] characters.
    #[error("the template has more than {LONGEST} characters")]
    TooLong,
    /// More variables, comments and escaped braces than anybody needs.
    #[error("line {line}: there are too many variables")]
    TooMany {
        /// Where there was one too many.
        line: usize,
    },
    /// Braces that do not close, or something within them that is no name.
    #[error("line {line}: this cannot be read; a variable is written {{{{name}}}}")]
    Unreadable {
        /// The line that it is on, counted from 1.
        line: usize,
    },
    /// Something of handlebars other than a plain variable.
    #[error("line {line}: {construct} cannot be used here, only plain variables such as {{{{name}}}}")]
    NotAVariable {
        /// What it is.
        construct: Construct,
        /// The line that it is on, counted from 1.
        line: usize,
    },
    /// A variable that there is not.
    #[error("line {line}: there is no variable {{{{{name}}}}} here")]
    UnknownVariable {
        /// What stands between the braces.
        name: String,
        /// The line that it is on, counted from 1.
        line: usize,
    },
    /// Handlebars cannot read it after all.
    #[error("line {line}: this cannot be read; a variable is written {{{{name}}}}")]
    Handlebars {
        /// Where reading stopped.
        line: usize,
        /// What handlebars says.
        source: Box<handlebars::TemplateError>,
    },
}

impl PlainTemplateError {
    pub(super) fn handlebars(source: handlebars::TemplateError) -> Self {
        Self::Handlebars { line: source.pos().map_or(1, |(line, _)| line), source: Box::new(source) }
    }
}

/// What handlebars has besides plain variables, and templates here have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construct {
    /// `{{#if …}}…{{/if}}`, `{{else}}`, `{{#each …}}`, `{{#name}}`, `{{{{raw}}}}`.
    Block,
    /// `{{name argument}}`, `{{name key=value}}`.
    Helper,
    /// `{{(name)}}`.
    Subexpression,
    /// `{{> name}}`.
    Partial,
    /// `{{* name}}`.
    Decorator,
    /// `{{"text"}}`, `{{[name]}}`.
    Literal,
    /// `{{{name}}}`, `{{&name}}`, where values must be escaped.
    Unescaped,
}

impl fmt::Display for Construct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Block => "a block ({{#…}})",
            Self::Helper => "a helper ({{name argument}})",
            Self::Subexpression => "a subexpression ({{(…)}})",
            Self::Partial => "a partial ({{> …}})",
            Self::Decorator => "a decorator ({{* …}})",
            Self::Literal => "a literal",
            Self::Unescaped => "an unescaped variable ({{{…}}})",
        })
    }
}

/// Why a template could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderingError {
    /// It would be longer than the caller takes.
    #[error("what it makes is longer than {most_bytes} bytes")]
    TooLong {
        /// What the caller takes.
        most_bytes: usize,
    },
    /// A value is missing.
    #[error("it cannot be filled in")]
    Handlebars(#[source] Box<handlebars::RenderError>),
}
