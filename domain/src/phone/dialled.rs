//! What was dialled: the digits of a text, without what people put between them.

use super::{LONGEST, PhoneError, Region};

/// No dialling prefix with the code of a carrier has more digits than this (Finland's `99555`).
const LONGEST_PREFIX: usize = 5;

/// What was written, without punctuation.
pub(super) struct Dialled {
    has_plus: bool,
    /// ASCII digits only.
    pub(super) digits: String,
}

impl Dialled {
    pub(super) fn read(text: &str) -> Result<Self, PhoneError> {
        let mut significant = text.chars().filter(|&c| !is_punctuation(c)).peekable();
        let has_plus = significant.next_if_eq(&'+').is_some();
        let digits: String = significant.collect();
        let longest = if has_plus { LONGEST } else { LONGEST + LONGEST_PREFIX };
        if digits.is_empty() {
            Err(PhoneError::Empty)
        } else if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(PhoneError::NotDigits)
        } else if digits.len() > longest {
            Err(PhoneError::TooLong)
        } else {
            Ok(Self { has_plus, digits })
        }
    }

    /// The digits from the country code on, if a `+` or the region's dialling prefix says that they start with one.
    pub(super) fn international(&self, region: Region) -> Option<&str> {
        if self.has_plus { Some(&self.digits) } else { region.after_dialling_prefix(&self.digits) }
    }
}

/// What people and address books put between digits, and the invisible marks that come along when one is pasted.
fn is_punctuation(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '.' | '(' | ')' | '/')
        || matches!(character, '\u{2010}'..='\u{2015}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{2069}' | '\u{ad}' | '\u{feff}')
}
