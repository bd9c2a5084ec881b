//! No sentence of the documentation is a formula: what stands everywhere says nothing about the place.

use std::collections::BTreeMap;

use crate::{assert_none, sources};

/// How often one may stand: fields of many tables are the same.
const OFTEN: usize = 20;

#[test]
fn no_sentence_stands_everywhere() {
    let all = sources(&[".rs"]);
    let lines = all.iter().flat_map(|source| source.text.lines()).map(str::trim_start);
    let sentences = lines.filter(|line| line.starts_with("/// ") && !line.starts_with("/// #"));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for sentence in sentences {
        *counts.entry(sentence).or_default() += 1;
    }
    let formulas = counts.into_iter().filter(|(_, count)| *count > OFTEN);
    assert_none(&formulas.map(|(line, count)| format!("{count} times {line}")).collect::<Vec<_>>(), "formulas");
}
