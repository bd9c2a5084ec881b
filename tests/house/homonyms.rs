//! Two types of one name are two meanings of one word: neither the product has such, nor anything that stands beside it.

use std::collections::BTreeMap;

use crate::{Source, assert_none, is_test, sources};

/// What is read together: the product, and the programs beside it. Each of these may share words with the product: the
/// sandbox has Stripe's, and a test's `Order` is an order of the product as a test sees it.
const TOGETHER: [&[&str]; 7] = [
    &[
        "api/src/",
        "domain/src/",
        "entity/src/",
        "migration/src/",
        "queue/src/",
        "scheduler/src/",
        "src/",
        "worker/src/",
    ],
    &["sandbox/src/"],
    &["tests/system/"],
    &["tests/browser/"],
    &["tests/house/"],
    &["queue/tests/"],
    &["benches/"],
];

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
    let all = sources(&[".rs"]);
    let (mut wrong, mut found) = (Vec::new(), 0);
    for folders in TOGETHER {
        let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for source in &all {
            // The tests of a module beside it.
            let is_apart = is_test(&source.path);
            if is_apart || !folders.iter().any(|folder| source.path.starts_with(folder)) {
                continue;
            }
            for name in types(source).filter(|name| !ONE_A_FILE.iter().any(|(one, _)| one == name)) {
                files.entry(name).or_default().push(&source.path);
            }
        }
        found += files.len();
        let several = files.iter().filter(|(_, files)| files.len() > 1);
        wrong.extend(several.map(|(name, files)| format!("{name}: {}", files.join(", "))));
    }
    assert!(found > 800, "{found} types were found");
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
