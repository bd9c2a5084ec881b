//! Checks of the repository itself: its documents are correct, and its words are the field's. Reads files and starts
//! nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod alerts;
mod circles;
mod claims;
mod documents;
mod homonyms;
mod lengths;
mod links;
mod named;
mod one_writer;
mod problems;
mod queue_apart;
mod raw_sql;
mod repeats;
mod server_words;
mod story;
mod tables;
mod timeline_details;
mod units;
mod words;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Folders with generated files.
const MADE: [&str; 6] = ["target", "data", "screenshots", "node_modules", ".git", "artifacts"];

/// What a test needs is missing: that is said, and is a failure where everything has to be there (`PAYLINK_TEST_STRICT`).
fn not_tested(why: &str) {
    assert!(env::var_os("PAYLINK_TEST_STRICT").is_none(), "NOT TESTED: {why}");
    eprintln!("NOT TESTED: {why}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository: its path below the root, and its text.
struct Source {
    path: String,
    text: String,
}

/// All hand-written files with these endings, sorted by path.
fn sources(endings: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(root(), endings, &mut paths);
    paths.sort();
    let source = |path: PathBuf| Source {
        text: fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
    };
    paths.into_iter().map(source).collect()
}

fn collect(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !MADE.contains(&name) {
                collect(&path, endings, into);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            into.push(path);
        }
    }
}

/// The code of a file without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// Whether a file holds the tests of a module, apart from it.
fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || (path.contains("/src/") && path.contains("/tests/"))
}

/// Fails with all errors, one per line.
fn assert_none(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}:\n{}\n", wrong.join("\n"));
}
