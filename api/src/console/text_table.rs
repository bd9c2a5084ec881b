//! The console's texts, for documents that use the same words.

use serde_json::Value;

use super::texts::{ENGLISH, merged, read};

/// The console's texts in a language, with English where it has none.
#[derive(Debug)]
pub(crate) struct TextTable(Value);

impl TextTable {
    /// Reads the tables, which takes a few milliseconds.
    pub(crate) fn in_language(language: &str) -> Self {
        Self(merged(read(ENGLISH), read(language)))
    }

    /// The text at this path.
    pub(crate) fn at(&self, place: &[&str]) -> Option<&str> {
        place.iter().try_fold(&self.0, |table, name| table.get(*name))?.as_str()
    }
}
