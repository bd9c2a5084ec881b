//! SQL that is written out says what it buys; whatever the builder writes as well is the builder's.

use crate::sources;

/// What hands SQL of ours to a database.
const WRITTEN_OUT: [&str; 5] = [
    "Statement::from_string(",
    "Statement::from_sql_and_values(",
    "raw_sql(",
    ".execute_unprepared(",
    ".from_raw_sql(",
];

/// The words with which a comment begins that says why.
const WHY: &str = "Raw SQL: ";

/// The crates whose code this is about. A migration is SQL by its nature.
const CRATES: [&str; 6] = ["api/src/", "entity/src/", "queue/src/", "scheduler/src/", "worker/src/", "src/"];

/// What is not a test.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn each_file_with_raw_sql_says_what_it_buys() {
    let (mut silent, mut written) = (Vec::new(), 0);
    let all = sources(&[".rs"]);
    for source in all.iter().filter(|source| CRATES.iter().any(|folder| source.path.starts_with(folder))) {
        // A transaction of ours passes on what it is given.
        if source.path.ends_with("tests.rs") || source.path == "entity/src/db/transaction.rs" {
            continue;
        }
        let code = code(&source.text);
        if WRITTEN_OUT.iter().any(|way| code.contains(way)) {
            written += 1;
            let says = code.lines().any(|line| line.trim_start().starts_with("//") && line.contains(WHY));
            if !says {
                silent.push(&source.path);
            }
        }
    }
    assert!(written > 10, "only {written} files are found");
    assert!(silent.is_empty(), "these do not say what their raw SQL buys: {silent:?}");
}
