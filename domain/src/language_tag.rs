//! Languages by their BCP 47 tags.

/// Whether a language, such as `de-AT`, is one that is known by its name or by that of a part of it, such as `de`.
#[must_use]
pub fn is_of_language(language: &str, known: &str) -> bool {
    let start = language.get(..known.len());
    let rest = language.get(known.len()..).unwrap_or_default();
    start.is_some_and(|start| start.eq_ignore_ascii_case(known)) && (rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::is_of_language;

    #[test]
    fn a_language_is_known_by_its_name_or_by_the_first_parts_of_it() {
        for (language, known) in [("de", "de"), ("de-AT", "de"), ("DE-at", "de-AT"), ("zh-Hant-TW", "zh-hant")] {
            assert!(is_of_language(language, known), "{language} is {known}");
        }
        for (language, known) in [("den", "de"), ("d", "de"), ("nds-DE", "de"), ("", "de"), ("de", "de-at"), ("é", "e")]
        {
            assert!(!is_of_language(language, known), "{language} is no {known}");
        }
    }
}
