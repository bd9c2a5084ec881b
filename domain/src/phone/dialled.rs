//! The digits of a phone number, without the labels, punctuation and extensions that people, address books and
//! spreadsheets add.

use std::borrow::Cow;

use super::{LONGEST, PhoneError};
use crate::search::plain_digit;

/// The longest dialling prefix with a carrier code has this many digits (Finland's `99555`).
const LONGEST_PREFIX: usize = 5;

/// The longest label: `Mobile:`, `whatsapp:`, `Téléphone :`.
const LONGEST_LABEL: usize = 16;

/// A number without punctuation.
pub(super) struct Dialled {
    pub(super) has_plus: bool,
    /// Whether an extension was removed.
    pub(super) has_extension: bool,
    /// ASCII digits only.
    pub(super) digits: String,
}

impl Dialled {
    pub(super) fn read(text: &str) -> Result<Self, PhoneError> {
        let whole = without_remark(without_label(unwrapped(text)));
        let text = without_extension(whole);
        let has_extension = text.len() < whole.len();
        let text = spelled_out(text);
        let mut significant = text.chars().filter(|&c| !is_punctuation(c)).map(plain).peekable();
        let has_plus = significant.next_if_eq(&'+').is_some();
        if has_plus {
            // A doubled plus is a typo; one further on is an error.
            significant.next_if_eq(&'+');
        }
        let digits: String = significant.collect();
        let longest = if has_plus { LONGEST } else { LONGEST + LONGEST_PREFIX };
        if digits.is_empty() {
            Err(PhoneError::Empty)
        } else if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(PhoneError::NotDigits)
        } else if digits.len() > longest {
            Err(PhoneError::TooLong)
        } else {
            Ok(Self { has_plus, has_extension, digits })
        }
    }
}

/// The fewest digits before the letters of a vanity number: at least an area code.
const DIGITS_BEFORE_LETTERS: usize = 3;

/// The fewest letters of a word.
const SHORTEST_WORD: usize = 3;

/// Replaces a word at the end by keypad digits, as in `1-800-FLOWERS`. Letters elsewhere are not digits.
fn spelled_out(text: &str) -> Cow<'_, str> {
    let Some(at) = text.find(|c: char| c.is_ascii_alphabetic()) else { return Cow::Borrowed(text) };
    let (number, word) = text.split_at(at);
    // An `O` among digits is a slip for a zero, and no key.
    let is_word = word.len() >= SHORTEST_WORD && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    let digits = number.chars().filter(|&c| plain(c).is_ascii_digit()).count();
    if !is_word || digits < DIGITS_BEFORE_LETTERS {
        return Cow::Borrowed(text);
    }
    Cow::Owned(number.chars().chain(word.chars().map(on_keypad)).collect())
}

fn on_keypad(letter: char) -> char {
    match letter.to_ascii_uppercase() {
        'A'..='C' => '2',
        'D'..='F' => '3',
        'G'..='I' => '4',
        'J'..='L' => '5',
        'M'..='O' => '6',
        'P'..='S' => '7',
        'T'..='V' => '8',
        'W'..='Z' => '9',
        other => other,
    }
}

/// Removes wrapping from spreadsheets and lists: `="+1…"`, `'+1…`, `[+1…]`, `+1…;`.
fn unwrapped(text: &str) -> &str {
    let is_wrapping = |c: char| {
        matches!(c, '"' | '\'' | '`' | '=' | '[' | ']' | '<' | '>' | ';' | ',')
            || matches!(c, '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}')
            || is_space(c)
    };
    text.trim_matches(is_wrapping)
}

/// Removes a leading label: words, with a colon or a full stop after them or not.
fn without_label(text: &str) -> &str {
    let Some(end) = text.find(|c: char| !c.is_alphabetic() && !is_space(c)) else { return text };
    let number = text[end..].trim_start_matches(|c: char| matches!(c, ':' | '.') || is_space(c));
    let is_marked = text[end..].starts_with([':', '.']);
    // Less than that may be a slip, such as an `O` for a zero.
    let is_word = text[..end].chars().filter(|c| c.is_alphabetic()).count() >= SHORTEST_WORD;
    if end <= LONGEST_LABEL && (is_marked || is_word) && !number.is_empty() { number } else { text }
}

/// Removes a remark at the end, in brackets: `(mobile)`.
fn without_remark(text: &str) -> &str {
    let Some((number, remark)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) else { return text };
    let is_remark = !remark.is_empty() && remark.chars().all(|c| c.is_alphabetic() || is_space(c));
    if is_remark { number } else { text }
}

/// How people begin an extension, in the languages of the console and some more; the longer ones first.
const EXTENSION: [&str; 17] = [
    "nebenstelle",
    "durchwahl",
    "extension",
    "extensión",
    "extensão",
    "interno",
    "toestel",
    "poste",
    "anexo",
    "ramal",
    "extn",
    "int",
    "ext",
    "доб",
    "分机",
    "dw",
    "x",
];

/// Removes an extension, which cannot be texted: digits after `x`, `ext`, a word like that, `#`, a comma or a
/// semicolon, if a number precedes it.
fn without_extension(text: &str) -> &str {
    let is_mark = |c: char| matches!(c, '#' | ',' | ';') || (c.is_alphabetic() && !plain(c).is_ascii_digit());
    let Some(at) = text.find(is_mark) else { return text };
    let (number, rest) = text.split_at(at);
    let rest = rest.to_lowercase();
    let is_between = |c: char| matches!(c, '.' | ':' | '=' | ',' | ';' | '#') || is_space(c);
    let words = rest.trim_start_matches(is_between);
    let after = EXTENSION.into_iter().find_map(|word| words.strip_prefix(word));
    let after = after.map_or(words, |after| after.trim_start_matches(is_between));
    let is_extension = after.len() <= 7 && after.bytes().all(|byte| byte.is_ascii_digit());
    let has_number = number.chars().filter(|&c| plain(c).is_ascii_digit()).count() >= super::SHORTEST;
    if is_extension && has_number { number } else { text }
}

/// Converts a digit of any script, or a full-width plus, to ASCII.
fn plain(character: char) -> char {
    match character {
        '\u{ff0b}' => '+',
        '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(character) - 0xff10 + 0x30).unwrap_or(character),
        other => plain_digit(other),
    }
}

/// Whether a character is white space or an invisible mark, which often comes along when a number is pasted.
fn is_space(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(character, '\u{ad}' | '\u{feff}' | '\u{fe0f}')
        // A telephone, as an address book draws it.
        || matches!(character, '\u{260e}' | '\u{260f}' | '\u{2706}' | '\u{1f4de}' | '\u{1f4f1}' | '\u{1f4f2}')
}

/// Whether a character is punctuation that people and address books put between digits.
fn is_punctuation(character: char) -> bool {
    is_space(character)
        || matches!(character, '-' | '.' | '(' | ')' | '/' | '~')
        || matches!(character, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{301c}')
        || matches!(character, '\u{b7}' | '\u{2022}' | '\u{2027}' | '\u{2219}' | '\u{22c5}')
        || matches!(character, '\u{fe63}' | '\u{ff0d}' | '\u{ff0e}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0f}' | '\u{ff5e}')
}
