//! Tables of the documents: a row that is indented otherwise than the one before it ends the table in the page.

use crate::{Source, assert_none, documents::documents};

/// The numbers of the lines that are indented otherwise than the table above them.
fn torn(text: &str) -> Vec<usize> {
    let indent = |line: &str| line.trim_start().starts_with('|').then(|| line.len() - line.trim_start().len());
    let indents: Vec<Option<usize>> = text.lines().map(indent).collect();
    let pairs = indents.windows(2).zip(2..);
    pairs.filter(|(pair, _)| matches!(pair, [Some(above), Some(here)] if above != here)).map(|(_, line)| line).collect()
}

#[test]
fn the_rows_of_a_table_have_one_indent() {
    let mut wrong = Vec::new();
    for Source { path, text } in documents() {
        wrong.extend(torn(&text).into_iter().map(|line| format!("{path}:{line}")));
    }
    assert_none(&wrong, "rows that are no part of their table");
}

#[test]
fn a_row_that_leaves_its_table_is_found() {
    assert_eq!(torn("  | a |\n  |---|\n| 1 |\n| 2 |\n\ntext\n\n| b |\n|---|"), [3]);
}
