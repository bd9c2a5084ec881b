//! Checks of a template's text, apart from its variables.

use super::{LONGEST_TEMPLATE, TemplateError};
use crate::sms::{forbidden_control_in, shared_shortener_in};

/// Checks the length and the characters.
pub(super) fn text(text: &str) -> Result<(), TemplateError> {
    let characters = text.chars().count();
    if characters > LONGEST_TEMPLATE {
        return Err(TemplateError::TooLong { characters });
    }
    for (line, content) in (1..).zip(text.split('\n')) {
        if let Some(character) = forbidden_control_in(content) {
            return Err(TemplateError::ControlCharacter { character, line });
        }
    }
    Ok(())
}

/// Checks for links that carriers would filter.
pub(super) fn shorteners(text: &str) -> Result<(), TemplateError> {
    for (line, content) in (1..).zip(text.split('\n')) {
        if let Some(host) = shared_shortener_in(content) {
            return Err(TemplateError::SharedShortener { host, line });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
