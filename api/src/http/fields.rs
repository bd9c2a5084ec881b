//! Collects what is wrong with an input, field by field.

use crate::{Problem, http::problem::FieldError};

/// Collects the errors of an input's fields, so that all are reported at once.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// Adds an error for a field.
    pub(crate) fn refuse(&mut self, field: &str, reason: impl Into<String>) {
        self.errors.push(FieldError { field: field.to_owned(), reason: reason.into() });
    }

    /// The value, or `None` after adding its error.
    pub(crate) fn take<T, E: std::fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.refuse(field, error.to_string())).ok()
    }

    /// A non-empty text of at most `most` characters, trimmed.
    pub(crate) fn text(&mut self, field: &str, text: &str, most: usize) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            self.refuse(field, "must not be empty");
        } else if text.chars().count() > most {
            self.refuse(field, format!("must not be longer than {most} characters"));
        } else if text.chars().any(char::is_control) {
            self.refuse(field, "must not contain control characters");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// `Ok` without errors; otherwise the problem with all of them.
    pub(crate) fn none_wrong(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.into_problem()) }
    }

    /// Whether there are errors.
    pub(crate) const fn any(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The problem with all errors.
    pub(crate) fn into_problem(self) -> Problem {
        Problem::of_fields(self.errors)
    }
}
