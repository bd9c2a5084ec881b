//! The texts of the console: one table per language in `assets/strings/<language>.json`, and the JS module generated from it.
//!
//! English is complete; what another language lacks is shown in English. A key such as `links(count)` names its parameters; the tables are
//! read by `assets/lib/texts.js`.

use serde_json::{Map, Value};

use super::{FILES, TABLE};

/// Below it, the tables.
pub(super) const STRINGS: &str = "strings/";
/// The language that is whole.
pub(super) const ENGLISH: &str = "en";
/// The sentences of the server, among the texts.
const SERVER: &str = "server";

/// The languages in which there is a table, English first.
pub(super) fn languages() -> impl Iterator<Item = &'static str> {
    let tables = FILES.iter().filter(|(_, kind, _)| *kind == TABLE);
    tables.filter_map(|(path, ..)| path.strip_prefix(STRINGS)?.strip_suffix(".json"))
}

/// The module that the others import as `strings.js`.
pub(super) fn module(language: &str) -> String {
    let mut english = read(ENGLISH);
    let server = english.as_object_mut().and_then(|table| table.remove(SERVER)).unwrap_or_default();
    // The server's own sentences are known by their English, and whoever reads that reads them as they come.
    let (said, known) = match language {
        ENGLISH => (english, Value::Object(Map::new())),
        _ => (merged(english, read(language)), server),
    };
    format!(
        "import {{ textsOf }} from \"./lib/texts.js\";\n\nexport const strings = textsOf({said});\nexport const english = {known};\n"
    )
}

/// A table as it was written; empty if there is none.
pub(super) fn read(language: &str) -> Value {
    let path = format!("{STRINGS}{language}.json");
    let table = FILES.iter().find(|(name, ..)| *name == path).map(|(_, _, content)| *content);
    // A test reads them all.
    table.and_then(|table| serde_json::from_str(table).ok()).unwrap_or_default()
}

/// What `over` says, and where it says nothing, what `base` does. The forms of one text belong together.
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
