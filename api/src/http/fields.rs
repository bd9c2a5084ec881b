//! Collects what is wrong with an input, field by field.

use crate::{Problem, http::problem::FieldError};

/// Collects what is wrong with the fields of an input, so that all of it is reported at once.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    errors: Vec<FieldError>,
}

impl Fields {
    /// Notes that a field is wrong.
    pub(crate) fn refuse(&mut self, field: &str, reason: impl Into<String>) {
        self.errors.push(FieldError { field: field.to_owned(), reason: reason.into() });
    }

    /// The value, or a note of why there is none.
    pub(crate) fn take<T, E: std::fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.refuse(field, error.to_string())).ok()
    }

    /// A text that is not empty and not longer than `most` characters, without surrounding space.
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

    /// Nothing was found wrong; else the problem that reports all of it.
    pub(crate) fn none_wrong(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.into_problem()) }
    }

    /// Whether anything is wrong so far.
    pub(crate) const fn any(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The problem that reports all of it.
    pub(crate) fn into_problem(self) -> Problem {
        Problem::of_fields(self.errors)
    }
}
