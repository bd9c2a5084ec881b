//! Links from one document to another, to a heading, or to a file.

use std::{collections::HashSet, fs, path::Path};

use crate::{Source, assert_none, documents::documents, root};

/// The targets of a line's links.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let after = |opening: &'static str, closing: char| {
        line.split(opening).skip(1).filter_map(move |rest| rest.split(closing).next())
    };
    after("](", ')').chain(after("src=\"", '"')).chain(after("href=\"", '"'))
}

/// The anchors of a document: one for each heading, generated as on GitHub.
fn anchors(text: &str) -> HashSet<String> {
    let mut in_block = false;
    let headings = text.lines().filter(move |line| {
        in_block ^= line.starts_with("```");
        !in_block && line.starts_with('#')
    });
    headings.map(|heading| slug(heading.trim_start_matches('#').trim())).collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// What is wrong with a link of a document; `None` if it is valid, or leads out of the repository.
fn fault(document: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = match file {
        "" => root().join(document),
        file => root().join(document).parent().unwrap_or(Path::new("")).join(file),
    };
    if !path.exists() {
        return Some(format!("{target} is not there"));
    }
    let anchor = anchor?;
    let known = fs::read_to_string(&path).is_ok_and(|text| anchors(&text).contains(anchor));
    (!known).then(|| format!("{target}: there is no such heading"))
}

#[test]
fn no_link_is_dead() {
    let mut wrong = Vec::new();
    for Source { path, text } in documents() {
        for (number, line) in (1..).zip(text.lines()) {
            let faults = targets(line).filter_map(|target| fault(&path, target));
            wrong.extend(faults.map(|fault| format!("{path}:{number}: {fault}")));
        }
    }
    assert_none(&wrong, "dead links");
}

#[test]
fn every_document_is_linked_to() {
    let documents = documents();
    let mut linked = HashSet::new();
    for Source { path, text } in &documents {
        let folder = root().join(path).parent().unwrap().to_owned();
        let files = text.lines().flat_map(targets).filter_map(|target| target.split('#').next());
        linked.extend(files.filter_map(|file| folder.join(file).canonicalize().ok()));
    }
    let lost = |source: &&Source| !linked.contains(&root().join(&source.path).canonicalize().unwrap());
    // GitHub finds these two in several places.
    let found_anyway = |source: &&Source| ["README.md", "SECURITY.md"].contains(&source.path.as_str());
    let wrong: Vec<_> = documents.iter().filter(lost).filter(|source| !found_anyway(source)).collect();
    let wrong: Vec<_> = wrong.into_iter().map(|source| source.path.clone()).collect();
    assert_none(&wrong, "documents that nothing leads to");
}

#[test]
fn a_dead_link_is_told() {
    assert_eq!(fault("README.md", "https://docs.rs/poem"), None);
    assert_eq!(fault("docs/operators.md", "../README.md#two-commands"), None);
    assert_eq!(fault("README.md", "docs/nowhere.md"), Some("docs/nowhere.md is not there".to_owned()));
    let heading = "README.md#no-such-heading";
    assert_eq!(fault("README.md", heading), Some(format!("{heading}: there is no such heading")));
    assert_eq!(targets("[a](b.md) <img src=\"c.png\">").collect::<Vec<_>>(), ["b.md", "c.png"]);
    assert_eq!(slug("The story, by the API"), "the-story-by-the-api");
}
