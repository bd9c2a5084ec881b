//! Every code of a problem is explained in the guide of the API, and the guide has no others.

use std::{collections::BTreeSet, fs};

use crate::{root, sources};

/// The functions that take a problem's code.
const MAKERS: [&str; 6] =
    ["Problem::new(", "Self::new(", "Problem::conflict(", "Self::conflict(", ".coded(", "::unavailable("];

/// The first string in the code that looks like a code.
fn first_word(code: &str) -> Option<&str> {
    let end = code.find(';').unwrap_or(code.len()).min(400);
    let text = code.get(..end)?.split('"').nth(1)?;
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_word.then_some(text)
}

fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for source in sources(&[".rs"]).iter().filter(|source| source.path.starts_with("api/src/")) {
        for maker in MAKERS {
            let mut parts = source.text.split(maker);
            parts.next();
            codes.extend(parts.filter_map(first_word).map(str::to_owned));
        }
    }
    codes
}

#[test]
fn the_guide_explains_every_code() {
    let guide = fs::read_to_string(root().join("api/src/docs/guide.md")).unwrap();
    let codes = codes();
    assert!(codes.len() > 30, "{codes:?}");
    let missing: Vec<_> = codes.iter().filter(|code| !guide.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "the guide does not explain {missing:?}");
}
