//! The placeholders of texts, which are in braces.

/// The text with its placeholders replaced. Values are inserted last, so that braces in a name stay as they are.
pub(super) fn filled(pattern: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(pattern.to_owned(), |text, (name, value)| text.replace(name, value))
}
