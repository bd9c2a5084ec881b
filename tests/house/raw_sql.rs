//! Raw SQL comes with a reason; everything else uses the query builder.

use crate::sources;

/// The functions that take raw SQL.
const WRITTEN_OUT: [&str; 5] = [
    "Statement::from_string(",
    "Statement::from_sql_and_values(",
    "raw_sql(",
    ".execute_unprepared(",
    ".from_raw_sql(",
];

/// The beginning of a comment with the reason.
const WHY: &str = "Raw SQL: ";

/// The checked crates. Migrations are SQL by nature.
const CRATES: [&str; 6] = ["api/src/", "entity/src/", "queue/src/", "scheduler/src/", "worker/src/", "src/"];

/// The code without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn each_file_with_raw_sql_says_what_it_buys() {
    let (mut silent, mut written) = (Vec::new(), 0);
    let all = sources(&[".rs"]);
    for source in all.iter().filter(|source| CRATES.iter().any(|folder| source.path.starts_with(folder))) {
        // Our transaction passes on what it is given.
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
