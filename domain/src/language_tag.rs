//! Languages by their BCP 47 tags.

/// Whether a language, such as `de-AT`, is one that is known by its name or by that of a part of it, such as `de`.
#[must_use]
pub fn is_of_language(language: &str, known: &str) -> bool {
    let start = language.get(..known.len());
    let rest = language.get(known.len()..).unwrap_or_default();
    start.is_some_and(|start| start.eq_ignore_ascii_case(known)) && (rest.is_empty() || rest.starts_with('-'))
}
