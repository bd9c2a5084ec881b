//! The documents: their lines, prose and code.

use crate::{Source, sources};

/// The documents for people: those at the root, the README first, and those in `docs/`. Without the changelog, which
/// describes the past.
pub(crate) fn documents() -> Vec<Source> {
    let mut all = sources(&[".md"]);
    all.retain(|source| source.path.starts_with("docs/") || !source.path.contains('/'));
    all.retain(|source| source.path != "CHANGELOG.md");
    all.sort_by_key(|source| source.path != "README.md");
    all
}

/// A piece of code in a document with its line number: a line of a block, or text between backticks.
pub(crate) struct Code<'a> {
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// The code in a document.
pub(crate) fn code(text: &str) -> Vec<Code<'_>> {
    let (mut found, mut in_block) = (Vec::new(), false);
    for (line, content) in (1..).zip(text.lines()) {
        if content.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.push(Code { line, text: content.split(" #").next().unwrap_or_default() });
        } else {
            found.extend(content.split('`').skip(1).step_by(2).map(|text| Code { line, text }));
        }
    }
    found
}

#[test]
fn the_readme_is_short() {
    let documents = documents();
    let readme = &documents[0];
    assert_eq!(readme.path, "README.md");
    assert!(readme.text.lines().count() <= 120, "{} lines", readme.text.lines().count());
}

#[test]
fn each_recipe_fits_in_ten_lines() {
    let documents = documents();
    let contributing = documents.iter().find(|document| document.path == "CONTRIBUTING.md").unwrap();
    for what in ["job", "tick", "endpoint", "page", "language"] {
        let begins = format!("## Add {} {what}\n", if what == "endpoint" { "an" } else { "a" });
        let (_, recipe) = contributing.text.split_once(&begins).unwrap();
        let recipe = recipe.split("\n## ").next().unwrap_or_default();
        let lines = recipe.lines().filter(|line| !line.is_empty()).count();
        assert!((1..=10).contains(&lines), "to add {what} takes {lines} lines");
    }
}

#[test]
fn code_is_found_in_blocks_and_between_backticks() {
    let found = code("Run `make run`, then `x`.\n```sh\npaylink up   # all of it\n```\nno code");
    let found: Vec<_> = found.iter().map(|code| (code.line, code.text.trim())).collect();
    assert_eq!(found, [(1, "make run"), (1, "x"), (3, "paylink up")]);
}
