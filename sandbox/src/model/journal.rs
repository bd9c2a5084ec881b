//! The append-only file that lets the state survive `kill -9`.
//!
//! Each line is a transaction: a JSON array of changes, written in a single call before the answer leaves. A line torn by a crash is
//! truncated at the next start, and with it the whole transaction.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::model::tables::{RowChange, Tables};

/// Why a journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file could not be opened, read or cut.
    #[error("the journal {path} cannot be used")]
    Unusable {
        /// The journal's file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A line before the last does not read as a transaction: this is not a journal, or of another version.
    #[error("line {line} of the journal {path} cannot be read")]
    Unreadable {
        /// The journal's file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// The journal, open for appending.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens or creates the journal at `path` and gives back what its changes add up to.
    pub(crate) fn open(path: &Path) -> Result<(Self, Tables), JournalError> {
        let unusable = |source| JournalError::Unusable { path: path.to_owned(), source };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unusable(error)),
        };
        let (tables, whole) =
            replay(&text).map_err(|(line, source)| JournalError::Unreadable { path: path.to_owned(), line, source })?;
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(unusable)?;
        file.set_len(whole as u64).map_err(unusable)?;
        Ok((Self { file }, tables))
    }

    /// Writes one transaction, whose line ends with a newline. Not flushed to the disk: it survives the end of the
    /// process, not of the machine.
    pub(crate) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)
    }
}

/// Applies every whole line; gives back the tables and how many bytes were whole lines.
fn replay(text: &[u8]) -> Result<(Tables, usize), (usize, serde_json::Error)> {
    let mut tables = Tables::default();
    let mut whole = 0;
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.last() != Some(&b'\n') {
            break;
        }
        let changes: Vec<RowChange> = serde_json::from_slice(line).map_err(|error| (index + 1, error))?;
        for change in changes {
            tables.apply(change);
        }
        whole += line.len();
    }
    Ok((tables, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTED_OUT: &str = r#"[{"kind":"opt_out","row":{"number":"+15551230000","out":true}}]"#;

    #[test]
    fn a_torn_last_line_is_cut_off_and_the_lines_before_it_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        std::fs::write(&path, format!("{OPTED_OUT}\n[{{\"kind\":\"opt_o")).expect("it works");

        let (mut journal, tables) = Journal::open(&path).expect("it works");
        journal.append(b"[]\n").expect("it works");

        assert!(tables.opted_out.contains("+15551230000"));
        assert_eq!(std::fs::read_to_string(&path).expect("it works"), format!("{OPTED_OUT}\n[]\n"));
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        std::fs::write(&path, format!("{OPTED_OUT}\nnonsense\n{OPTED_OUT}\n")).expect("it works");

        let error = Journal::open(&path).expect_err("the line is damaged");

        assert!(matches!(error, JournalError::Unreadable { line: 2, .. }), "{error}");
    }
}
