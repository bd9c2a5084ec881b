//! Rows by id, oldest first.

use std::collections::HashMap;

/// A row with an id, which a later version of the row replaces.
pub(crate) trait Row {
    fn id(&self) -> &str;
}

/// Rows in order of creation, and by id.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: Vec<T>,
    position: HashMap<String, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), position: HashMap::new() }
    }
}

impl<T: Row> Table<T> {
    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.position.get(id).map(|position| &self.rows[*position])
    }

    /// Every row, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter()
    }

    pub(super) fn put(&mut self, row: T) {
        if let Some(position) = self.position.get(row.id()) {
            self.rows[*position] = row;
        } else {
            self.position.insert(row.id().to_owned(), self.rows.len());
            self.rows.push(row);
        }
    }
}
