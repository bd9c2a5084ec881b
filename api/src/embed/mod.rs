//! `/embed.js`: a dependency-free web component that shows an order's payment link on a page of any origin, and
//! `/embed/<language>.json`, its texts in languages other than English.

use poem::{Endpoint, Response, Route, endpoint::make_sync, http::header};

use crate::http::methods::get;

/// The component shares the link's texts with the console's card.
const COMPONENT: &str = concat!(include_str!("../console/assets/lib/card.js"), "\n", include_str!("embed.js"));

/// The languages other than English. To be checked by native readers.
const WORDS: [(&str, &str); 6] = [
    ("es", include_str!("words/es.json")),
    ("fr", include_str!("words/fr.json")),
    ("de", include_str!("words/de.json")),
    ("pt", include_str!("words/pt.json")),
    ("zh", include_str!("words/zh.json")),
    ("ar", include_str!("words/ar.json")),
];

/// The component, for pages of other origins. It contains no one's data.
pub(crate) fn component() -> impl Endpoint<Output = Response> {
    file("text/javascript; charset=utf-8", COMPONENT)
}

/// Its texts in other languages, below `/embed`.
pub(crate) fn words() -> Route {
    WORDS.iter().fold(Route::new(), |route, &(language, words)| {
        route.at(format!("/{language}.json"), get(file("application/json", words)))
    })
}

fn file(content_type: &'static str, content: &'static str) -> impl Endpoint<Output = Response> {
    make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .header("Cross-Origin-Resource-Policy", "cross-origin")
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .header(header::CACHE_CONTROL, "public, max-age=300")
            .body(content)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{COMPONENT, WORDS};

    #[test]
    fn it_is_small_and_writes_no_markup() {
        assert!(COMPONENT.len() < 25_000, "{} bytes", COMPONENT.len());
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".cssText"]
        {
            assert!(!COMPONENT.contains(sink), "{sink} is not for pages with Trusted Types");
        }
    }

    #[test]
    fn every_language_has_the_words_of_english() {
        let (_, english) = COMPONENT.split_once("const WORDS = {").unwrap();
        let (english, _) = english.split_once("\n};").unwrap();
        let named = |indent: &str| -> BTreeSet<String> {
            let words = english.lines().filter_map(|line| line.strip_prefix(indent)?.split_once(':'));
            words.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with([' ', '}'])).collect()
        };
        let (words, states) = (named("  "), named("    "));
        assert!(words.len() > 20 && states.len() == 10, "{words:?} {states:?}");
        for (language, table) in WORDS {
            let table: serde_json::Map<String, serde_json::Value> = serde_json::from_str(table).unwrap();
            assert_eq!(table["language"], language);
            let keys = table.keys().filter(|key| !matches!(key.as_str(), "language" | "checked_by"));
            assert_eq!(keys.cloned().collect::<BTreeSet<_>>(), words, "{language}");
            let said: BTreeSet<String> = table["states"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(said, states, "{language}");
            assert!(table["order"].as_str().unwrap().contains("{number}"), "{language}");
        }
        let languages: Vec<String> = WORDS.iter().map(|(language, _)| format!("\"{language}\"")).collect();
        assert!(COMPONENT.contains(&format!("const LANGUAGES = [{}];", languages.join(", "))));
    }
}
