//! The texts of the console: one table per language in `assets/strings/<language>.json`, and the JS module generated
//! from it.
//!
//! English is complete; texts that another language lacks are shown in English. A key such as `links(count)` names its
//! parameters; the tables are read by `assets/lib/texts.js`.

use serde_json::{Map, Value};

use super::{FILES, TABLE};

/// The folder of the tables.
pub(super) const STRINGS: &str = "strings/";
/// The complete language.
pub(super) const ENGLISH: &str = "en";
/// The key of the server's sentences.
const SERVER: &str = "server";

/// The languages that have a table, English first.
pub(super) fn languages() -> impl Iterator<Item = &'static str> {
    let tables = FILES.iter().filter(|(_, kind, _)| *kind == TABLE);
    tables.filter_map(|(path, ..)| path.strip_prefix(STRINGS)?.strip_suffix(".json"))
}

/// The module that the others import as `strings.js`.
pub(super) fn module(language: &str) -> String {
    let mut english = read(ENGLISH);
    let server = english.as_object_mut().and_then(|table| table.remove(SERVER)).unwrap_or_default();
    // The server's sentences are looked up by their English text, so English needs no table for them.
    let (said, known) = match language {
        ENGLISH => (english, Value::Object(Map::new())),
        _ => (merged(english, read(language)), server),
    };
    format!(
        "import {{ textsOf }} from \"./lib/texts.js\";\n\nexport const strings = textsOf({said});\nexport const english = {known};\n"
    )
}

/// Parses the table of a language; empty if there is none.
pub(super) fn read(language: &str) -> Value {
    let path = format!("{STRINGS}{language}.json");
    let table = FILES.iter().find(|(name, ..)| *name == path).map(|(_, _, content)| *content);
    // A test parses all tables.
    table.and_then(|table| serde_json::from_str(table).ok()).unwrap_or_default()
}

/// Merges two tables; `over` wins. The plural forms of a text are not mixed.
pub(super) fn merged(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Object(mut all), Value::Object(said)) => {
            for (key, text) in said {
                let text = match all.remove(&key) {
                    Some(before) if !key.contains('(') => merged(before, text),
                    _ => text,
                };
                all.insert(key, text);
            }
            Value::Object(all)
        }
        (base, Value::Null) => base,
        (_, said) => said,
    }
}

#[cfg(test)]
mod tests;
