//! The console translates the server's own sentences, looked up by their English text: checks that these match what the
//! server says, and that no sentence shown in a form of the console is missing.

use std::fs;

use regex::Regex;
use serde_json::Value;

use crate::{assert_none, root, sources};

/// Shorter pieces occur anywhere.
const SHORTEST: usize = 6;

/// Messages for programs only: the console sends nothing that causes them.
const FOR_PROGRAMS: [&str; 18] = [
    "is for orders with the tag unpaid",
    "must be of printable ASCII characters",
    "must be sent only once",
    "must not have fewer items than {}",
    "must be a time with its offset from UTC, such as 2026-12-31T18:00:00Z",
    "must be true or false",
    "is not one that this list gave",
    "must have names of 1 to {LONGEST_NAME} characters",
    "must have texts of no more than {LONGEST_TEXT} characters",
    "must not have more than {MOST} names",
    "is no order of yours",
    "is no key of yours that is in force",
    "is no pack that is sold",
    "is needed when the currency is not the order's",
    "is not UTF-8",
    "is too long",
    "must not have descriptions of more than {MOST_TEXT} characters together",
    "must not be after `to`",
];

/// Parts of such messages, which are followed by a value.
const BEGINNINGS: [&str; 6] = [
    "must be {words}",
    "must be {}, not",
    "is not a date such as",
    "is for the carrier",
    "is no day that there is",
    "must not be more than {MOST_DAYS} days before",
];

/// A placeholder that is not a template's variable.
fn hole() -> Regex {
    Regex::new(r"(^|[^{])\{(\w*)\}").unwrap()
}

/// A string of Rust without its escapes.
fn written(rust: &str) -> String {
    let folded = Regex::new(r"\\\n\s*").unwrap().replace_all(rust, "").into_owned();
    folded.replace("\\\"", "\"").replace("{{{{", "{{").replace("}}}}", "}}")
}

fn sentences() -> Vec<(String, String)> {
    let file = root().join("api/src/console/assets/strings/en.json");
    let table: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let texts = table["server"].as_object().unwrap().iter();
    texts.map(|(key, text)| (key.clone(), text.as_str().unwrap().to_owned())).collect()
}

/// What the console knows each sentence by.
fn patterns() -> Vec<Regex> {
    let hole = hole();
    let pattern = |(_, text): (String, String)| {
        let parts = hole.replace_all(&text, "$1\u{0}").into_owned();
        let parts: Vec<String> = parts.split('\u{0}').map(regex::escape).collect();
        Regex::new(&format!("(?s)^{}$", parts.join(".+?"))).unwrap()
    };
    sentences().into_iter().map(pattern).collect()
}

#[test]
fn what_the_console_knows_the_server_by_is_what_it_says() {
    let rust: String = sources(&[".rs"])
        .into_iter()
        .filter(|source| !source.path.starts_with("tests/"))
        .map(|source| written(&source.text))
        .collect();
    let (hole, mut wrong) = (hole(), Vec::new());
    for (key, text) in sentences() {
        let text = hole.replace_all(&text, "$1\u{0}").into_owned();
        for piece in text.split('\u{0}').filter(|piece| piece.len() >= SHORTEST) {
            // The requirement is appended by the validation of the description.
            let is_said =
                rust.contains(piece) || piece.strip_prefix("must be ").is_some_and(|what| rust.contains(what));
            if !is_said {
                wrong.push(format!("{key}: nobody says {piece:?}"));
            }
        }
    }
    assert_none(&wrong, "the table `server` of api/src/console/assets/strings/en.json");
}

#[test]
fn what_a_form_of_the_console_is_told_is_known_to_it() {
    let known = patterns();
    let said =
        r#"(?:Problem::field|refuse|\.wrong|unreadable)\(\s*(?:&?\w+|"[^"]*"),\s*(?:format!\()?"((?:[^"\\]|\\.)*)""#;
    let said = Regex::new(said).unwrap();
    let mut wrong = Vec::new();
    for source in sources(&[".rs"]).iter().filter(|source| source.path.starts_with("api/src/")) {
        if source.path.contains("/admin/") || source.path.contains("tests") {
            continue;
        }
        for found in said.captures_iter(&written(&source.text)) {
            let text = &found[1];
            let is_for_programs =
                FOR_PROGRAMS.contains(&text) || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
            if !is_for_programs && !known.iter().any(|known| known.is_match(text)) {
                wrong.push(format!("{}: {text:?}", source.path));
            }
        }
    }
    assert_none(&wrong, "said in English alone: put them into the table `server` of each language");
}

/// The operator's page shows in seven languages what `paylink why` prints in English.
#[test]
fn what_why_tells_is_known_to_the_console() {
    let (hole, known) = (hole(), patterns());
    let literal = Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
    let comment = Regex::new(r"(?m)^\s*//.*$").unwrap();
    let mut wrong = Vec::new();
    for source in sources(&[".rs"]).iter().filter(|source| source.path.starts_with("api/src/why/")) {
        let code = source.text.split("#[cfg(test)]").next().unwrap();
        for found in literal.captures_iter(&written(&comment.replace_all(code, ""))) {
            let text = hole.replace_all(&found[1], "${1}x").into_owned();
            if text.contains(' ') && !known.iter().any(|known| known.is_match(&text)) {
                wrong.push(format!("{}: {text:?}", source.path));
            }
        }
    }
    assert_none(&wrong, "said in English alone: put them into the table `server` of each language");
}
