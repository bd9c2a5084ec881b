//! Checks that what documents mention in one of our files exists.

use std::{fs, path::Path};

use crate::{assert_none, root, sources};

/// The texts between backticks outside of blocks, each with the text that follows it.
fn quoted(text: &str) -> Vec<(String, String)> {
    let mut is_block = false;
    let outside = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    });
    let text = outside.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    let mut parts = text.split('`').skip(1).map(str::to_owned);
    std::iter::from_fn(|| Some((parts.next()?, parts.next().unwrap_or_default()))).collect()
}

/// The files that a document mentions, each with a name that it says is in them: `` `a.rs`: `one`, `two` `` or `` `one`
/// (`a.rs`) ``.
fn named(text: &str) -> Vec<(String, String)> {
    let quoted = quoted(text);
    let mut named = Vec::new();
    for (at, (file, after)) in
        quoted.iter().enumerate().filter(|(_, (file, _))| Path::new(file).extension().is_some_and(|end| end == "rs"))
    {
        if let Some((before, between)) = at.checked_sub(1).and_then(|at| quoted.get(at))
            && between == " ("
        {
            named.push((file.clone(), before.clone()));
        }
        let mut follows = after == ": ";
        for (name, after) in quoted.iter().skip(at + 1) {
            if !follows {
                break;
            }
            named.push((file.clone(), name.clone()));
            follows = matches!(after.as_str(), ", " | " and " | ", and ");
        }
    }
    named
}

/// Whether it can be the name of something in a file: a function, a type, or a path to one.
fn is_name(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':'))
}

#[test]
fn what_a_document_names_in_a_file_is_there() {
    let mut wrong = Vec::new();
    let mut known = 0;
    for document in sources(&[".md"]).iter().filter(|document| document.path != "CHANGELOG.md") {
        for (file, name) in named(&document.text).into_iter().filter(|(_, name)| is_name(name)) {
            let Ok(source) = fs::read_to_string(root().join(&file)) else {
                wrong.push(format!("{}: there is no {file}", document.path));
                continue;
            };
            let last = name.rsplit("::").next().unwrap_or_default();
            let mut words = source.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            known += 1;
            if !words.any(|word| word == last) {
                wrong.push(format!("{}: {file} has no {name}", document.path));
            }
        }
    }
    assert_none(&wrong, "documents name what is not there");
    assert!(known > 5, "{known} names were found");
}

#[test]
fn a_name_is_found_beside_its_file() {
    let text = "It goes to `one::two` (`a/b.rs`) and on (`c.rs`: `three`, `Four::five` and\n`six`), then `seven`.\n```\n`x` (`d.rs`)\n```";
    let found = named(text);
    let told: Vec<_> = found.iter().map(|(file, name)| (file.as_str(), name.as_str())).collect();
    assert_eq!(told, [("a/b.rs", "one::two"), ("c.rs", "three"), ("c.rs", "Four::five"), ("c.rs", "six")]);
}
