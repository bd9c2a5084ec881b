//! What the console says, for whoever writes the same on paper.

use serde_json::Value;

use super::texts::{ENGLISH, merged, read};

/// What the console says in a language, and in English where it says nothing in that.
#[derive(Debug)]
pub(crate) struct Said(Value);

impl Said {
    /// Reads the tables, which takes a few milliseconds.
    pub(crate) fn in_language(language: &str) -> Self {
        Self(merged(read(ENGLISH), read(language)))
    }

    /// The text in this place.
    pub(crate) fn at(&self, place: &[&str]) -> Option<&str> {
        place.iter().try_fold(&self.0, |table, name| table.get(*name))?.as_str()
    }
}
