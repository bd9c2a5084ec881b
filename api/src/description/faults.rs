//! What is wrong with a request, by field.

use crate::{Problem, http::problem::FieldError};

/// The most errors reported for one request.
const MOST_FAULTS: usize = 50;

/// The errors of a request, in order of importance.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) unknown: Vec<FieldError>,
    pub(super) unreadable: Vec<FieldError>,
    pub(super) wrong: Vec<FieldError>,
}

impl Faults {
    pub(super) fn unknown(&mut self, field: &str) {
        add(&mut self.unknown, field, "is not known here");
    }

    pub(super) fn wrong(&mut self, field: &str, reason: impl Into<String>) {
        add(&mut self.wrong, field, reason);
    }

    pub(super) fn unreadable(&mut self, field: &str, reason: impl Into<String>) {
        add(&mut self.unreadable, field, reason);
    }

    pub(super) fn is_none(&self) -> bool {
        self.unknown.is_empty() && self.unreadable.is_empty() && self.wrong.is_empty()
    }

    /// `Ok` without errors; otherwise the most important ones.
    pub(super) fn into_result(self) -> Result<(), Problem> {
        if self.is_none() {
            Ok(())
        } else if !self.unknown.is_empty() {
            Err(Problem::of_fields(self.unknown).coded("unknown_field"))
        } else if !self.unreadable.is_empty() {
            Err(Problem::unreadable_fields(self.unreadable))
        } else {
            Err(Problem::of_fields(self.wrong))
        }
    }
}

fn add(faults: &mut Vec<FieldError>, field: &str, reason: impl Into<String>) {
    if faults.len() < MOST_FAULTS {
        faults.push(FieldError { field: field.trim_start_matches('.').to_owned(), reason: reason.into() });
    }
}
