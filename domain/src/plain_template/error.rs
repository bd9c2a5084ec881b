//! Errors of templates and of rendering them.

use std::fmt;

use super::LONGEST;

/// Why a text is not a template. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum PlainTemplateError {
    /// More than [`LONGEST`] characters.
    #[error("the template has more than {LONGEST} characters")]
    TooLong,
    /// Too many variables, comments and escaped braces.
    #[error("line {line}: there are too many variables")]
    TooMany {
        /// The line of the first excess one.
        line: usize,
    },
    /// Braces that are not closed, or that contain something other than a name.
    #[error("line {line}: this cannot be read; a variable is written {{{{name}}}}")]
    Unreadable {
        /// Its line, counted from 1.
        line: usize,
    },
    /// A handlebars construct other than a plain variable.
    #[error("line {line}: {construct} cannot be used here, only plain variables such as {{{{name}}}}")]
    NotAVariable {
        /// The construct.
        construct: Construct,
        /// Its line, counted from 1.
        line: usize,
    },
    /// A variable that does not exist.
    #[error("line {line}: there is no variable {{{{{name}}}}} here")]
    UnknownVariable {
        /// The text between the braces.
        name: String,
        /// Its line, counted from 1.
        line: usize,
    },
    /// Handlebars refuses a template that passed the scan.
    #[error("line {line}: this cannot be read; a variable is written {{{{name}}}}")]
    Handlebars {
        /// The line where parsing stopped.
        line: usize,
        /// The error from handlebars.
        source: Box<handlebars::TemplateError>,
    },
}

impl PlainTemplateError {
    pub(super) fn handlebars(source: handlebars::TemplateError) -> Self {
        Self::Handlebars { line: source.pos().map_or(1, |(line, _)| line), source: Box::new(source) }
    }
}

/// Handlebars constructs that are not allowed here.
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
    /// The result would be longer than the caller allows.
    #[error("what it makes is longer than {most_bytes} bytes")]
    TooLong {
        /// The caller's limit.
        most_bytes: usize,
    },
    /// A value is missing.
    #[error("it cannot be filled in")]
    Handlebars(#[source] Box<handlebars::RenderError>),
}
