//! The languages of the texts. Each has a file of its own.

use std::sync::LazyLock;

use super::Words;
use crate::http::language;

/// The tables by language; the first is the fallback. A translation is another file, listed here.
const TABLES: [(&str, &str); 7] = [
    ("en", include_str!("en.json")),
    ("es", include_str!("es.json")),
    ("fr", include_str!("fr.json")),
    ("de", include_str!("de.json")),
    ("pt", include_str!("pt.json")),
    // Also for `zh` alone and for regions that use this script.
    ("zh", include_str!("zh.json")),
    ("ar", include_str!("ar.json")),
];

static LANGUAGES: LazyLock<[(&str, Words); TABLES.len()]> =
    LazyLock::new(|| TABLES.map(|(language, table)| (language, Words::read(table))));

impl Words {
    /// All languages, English first.
    #[cfg(test)]
    pub(crate) fn languages() -> impl Iterator<Item = &'static str> {
        TABLES.iter().map(|(language, _)| *language)
    }

    /// The texts in the available language that this `Accept-Language` prefers.
    pub(crate) fn of(accept_language: &str) -> &'static Self {
        let [(_, first), ..] = &*LANGUAGES;
        language::best(accept_language, &*LANGUAGES).unwrap_or(first)
    }

    /// The texts in the buyer's language, or else in the merchant's.
    pub(crate) fn in_language_of(tags: [Option<&str>; 2]) -> &'static Self {
        Self::of(tags.into_iter().flatten().next().unwrap_or_default())
    }

    #[expect(clippy::expect_used, reason = "the files are part of the program; a test reads them")]
    fn read(file: &str) -> Self {
        serde_json::from_str(file).expect("a file of words is whole")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_language_is_whole_and_named_as_its_file_is() {
        let first: Vec<&String> = LANGUAGES[0].1.labels.keys().collect();
        for (language, words) in &*LANGUAGES {
            assert_eq!(words.language, *language);
            assert_eq!(words.labels.keys().collect::<Vec<_>>(), first, "{language}");
            assert!(words.document.keys().eq(LANGUAGES[0].1.document.keys()), "{language}");
            assert!(words.invitation.keys().eq(LANGUAGES[0].1.invitation.keys()), "{language}");
        }
    }

    /// All languages have the same placeholders, and no text is left in English.
    #[test]
    fn every_sentence_is_translated_with_all_that_is_filled_in() {
        fn texts(value: &serde_json::Value, at: &str, found: &mut BTreeMap<String, String>) {
            match value {
                serde_json::Value::Object(fields) => {
                    fields.iter().for_each(|(name, value)| texts(value, &format!("{at}.{name}"), found));
                }
                serde_json::Value::Array(items) => {
                    items.iter().enumerate().for_each(|(index, value)| texts(value, &format!("{at}[{index}]"), found));
                }
                serde_json::Value::String(text) => drop(found.insert(at.to_owned(), text.clone())),
                _ => {}
            }
        }
        let read = |file: &str| {
            let mut found = BTreeMap::new();
            texts(&serde_json::from_str(file).unwrap(), "", &mut found);
            found
        };
        let braces = |text: &str| {
            let mut names: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
            names.sort();
            names
        };
        let [(_, english), others @ ..] = TABLES;
        let english = read(english);
        for (language, file) in others {
            let translated = read(file);
            for (at, text) in &english {
                let other = translated.get(at).unwrap_or_else(|| panic!("{language} lacks {at}"));
                assert_eq!(braces(text), braces(other), "{language}: {at}");
                let is_a_sentence = text.split_whitespace().count() > 3;
                assert!(!is_a_sentence || text != other, "{language}: {at} is English");
            }
        }
    }

    #[test]
    fn a_language_is_found_by_its_regions_and_arabic_runs_from_right_to_left() {
        for (accepted, language) in
            [("zh-Hans-CN", "zh"), ("zh-CN,en;q=0.5", "zh"), ("pt-BR", "pt"), ("ar-EG", "ar"), ("tlh", "en")]
        {
            assert_eq!(Words::of(accepted).language, language, "{accepted}");
        }
        assert_eq!((Words::of("ar").direction(), Words::of("en").direction()), ("rtl", "ltr"));
        // No native speaker has checked these translations yet; the one who does is named in the file.
        let unchecked = LANGUAGES.iter().filter(|(language, words)| *language != "en" && words.checked_by.is_none());
        assert_eq!(unchecked.count(), TABLES.len() - 1);
    }
}
