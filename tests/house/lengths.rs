//! A file does one thing, and is read at one sitting: longer ones are divided by what they do.

use crate::{assert_none, sources};

/// The most lines of a file.
const MOST: usize = 300;

/// Files that are longer, and why.
const LONGER: [(&str, &str); 5] = [
    ("api/src/console/assets/css/views.css", "the rules of all pages, of which later ones override earlier ones"),
    ("api/src/docs/rapidoc.js", "not ours"),
    ("api/src/embed/embed.js", "a merchant's page loads it as one file"),
    ("clients/js/src/client.js", "one class for each resource, whose table of contents is the file"),
    ("domain/src/sms/keyword/lists.rs", "lists of words, one in a line"),
];

#[test]
fn no_file_is_longer_than_is_read_at_one_sitting() {
    let all = sources(&[".rs", ".js", ".mjs", ".css", ".py"]);
    assert!(all.len() > 1_000, "{} files were found", all.len());
    let is_long = |text: &str| text.lines().count() > MOST;
    let known = |path: &str| LONGER.iter().any(|(file, _)| *file == path);
    let longer = all.iter().filter(|source| is_long(&source.text) && !known(&source.path));
    let mut wrong: Vec<String> =
        longer.map(|source| format!("{}: {} lines", source.path, source.text.lines().count())).collect();
    let is_still_long = |file: &str| all.iter().any(|source| source.path == file && is_long(&source.text));
    wrong.extend(LONGER.iter().filter(|(file, _)| !is_still_long(file)).map(|(file, _)| format!("no more: {file}")));
    assert_none(&wrong, "files longer than 300 lines");
}
