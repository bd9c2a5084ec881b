//! Two types of one name are two meanings of one word: the product has none.

use std::collections::BTreeMap;

use crate::{Source, assert_none, sources};

/// The folders of the product. The sandbox has Stripe's words, which ours may share.
const PRODUCT: [&str; 8] = ["api/", "domain/", "entity/", "migration/", "queue/", "scheduler/", "src/", "worker/"];

/// Names that a library or a convention gives to one type of a file, and whose they are.
const ONE_A_FILE: [(&str, &str); 5] = [
    ("Model", "SeaORM's, for each table"),
    ("Action", "clap's, for each sub-command"),
    ("Args", "clap's, for each sub-command"),
    ("Step", "ours, for each migration"),
    ("Inner", "what a handle that is cheap to clone shares with its clones"),
];

/// The name of the type that a line declares at the left edge, or inside of `words!`.
fn declared(line: &str) -> Option<&str> {
    let indented = line.len() - line.trim_start().len();
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub") || word.ends_with(')'));
    let is_type = match words.next()? {
        "enum" => indented <= 4,
        "struct" | "trait" | "type" => indented == 0,
        _ => false,
    };
    let name = words.next().filter(|_| is_type)?;
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).next()
}

/// The types that a file declares outside of its tests.
fn types(source: &Source) -> impl Iterator<Item = &str> {
    source.text.lines().take_while(|line| *line != "#[cfg(test)]").filter_map(declared)
}

#[test]
fn no_two_types_have_one_name() {
    let mut all = sources(&[".rs"]);
    all.retain(|source| {
        let is_test = source.path.contains("/tests/") || source.path.ends_with("/tests.rs");
        PRODUCT.iter().any(|folder| source.path.starts_with(folder)) && !source.path.contains("/benches/") && !is_test
    });
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in &all {
        for name in types(source).filter(|name| !ONE_A_FILE.iter().any(|(one, _)| one == name)) {
            files.entry(name).or_default().push(&source.path);
        }
    }
    assert!(files.len() > 500, "{} types were found", files.len());
    let several = files.iter().filter(|(_, files)| files.len() > 1);
    let wrong: Vec<String> = several.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect();
    assert_none(&wrong, "types that share their name");
}

#[test]
fn a_declaration_is_told_from_what_looks_like_one() {
    for (line, name) in [
        ("pub(in crate::v1) struct Resources {", Some("Resources")),
        ("struct Refused<'a> {", Some("Refused")),
        ("    pub enum Scope {", Some("Scope")),
        ("type Item = u8;", Some("Item")),
        ("    type Item = u8;", None),
        ("        struct Local;", None),
        ("/// A struct Type.", None),
    ] {
        assert_eq!(declared(line), name, "{line}");
    }
}
