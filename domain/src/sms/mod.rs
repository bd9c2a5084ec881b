//! The text of an SMS: how many segments it needs, and what must not be in it.

mod keyword;
mod rates;
mod segments;
mod sender;
mod shorteners;
mod transliterate;

use std::fmt;

pub use keyword::Keyword;
pub use rates::{Rates, RatesError, check_rate};
pub(crate) use segments::first_ucs2_character;
pub use segments::{Encoding, Segments, Ucs2Character};
pub use sender::{SenderError, is_messaging_service, parse_sender};
pub(crate) use shorteners::shared_shortener_in;
pub use transliterate::Replacement;
pub(crate) use transliterate::transliterate;

/// The most characters that carriers accept in one message.
pub const LONGEST_BODY: usize = 1_600;

/// A text exactly as it is sent to the carrier, with its segment count.
///
/// It comes from a rendered template or from the merchant. Line breaks are single line feeds. Typography is replaced by
/// plain characters if that makes the whole text GSM-7; otherwise nothing would be saved, and the text stays as it was.
/// `Debug` omits the text, which must not be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    text: String,
    segments: Segments,
    replaced: Vec<Replacement>,
}

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is empty or only white space.
    #[error("the message is empty")]
    Blank,
    /// It has more than [`LONGEST_BODY`] characters.
    #[error("the message has {characters} characters; {LONGEST_BODY} is the most")]
    TooLong {
        /// The number of characters.
        characters: usize,
    },
    /// It has a control character other than a line break or a tab, such as NUL.
    #[error("the message has a control character, U+{:04X}", u32::from(*character))]
    ControlCharacter {
        /// The first one.
        character: char,
    },
}

/// How typographic quotes, dashes and the like are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Typography {
    /// They are replaced by plain characters if that makes the whole text GSM-7.
    #[default]
    Plain,
    /// They are kept.
    AsWritten,
}

impl Body {
    /// Prepares a text for sending, replacing typography where that helps. The operation is idempotent.
    ///
    /// # Errors
    /// See [`BodyError`].
    pub fn new(text: &str) -> Result<Self, BodyError> {
        Self::set(text, Typography::Plain)
    }

    /// Prepares a text for sending, with this treatment of typography.
    ///
    /// # Errors
    /// See [`BodyError`].
    pub fn set(text: &str, typography: Typography) -> Result<Self, BodyError> {
        if text.trim().is_empty() {
            return Err(BodyError::Blank);
        }
        if let Some(character) = forbidden_control_in(text) {
            return Err(BodyError::ControlCharacter { character });
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let plain = match typography {
            Typography::Plain => Self::made_plain(&text),
            Typography::AsWritten => None,
        };
        let body = plain.unwrap_or_else(|| Self { segments: Segments::of(&text), replaced: Vec::new(), text });
        match body.text.chars().count() {
            characters if characters > LONGEST_BODY => Err(BodyError::TooLong { characters }),
            _ => Ok(body),
        }
    }

    /// The text with plain typography, if anything can be replaced and the result is GSM-7.
    fn made_plain(text: &str) -> Option<Self> {
        let plain = transliterate(text);
        let segments = Segments::of(&plain.text);
        let worthwhile = !plain.replaced.is_empty() && segments.encoding() == Encoding::Gsm7;
        worthwhile.then_some(Self { text: plain.text, segments, replaced: plain.replaced })
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Converts into the text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// The segments it needs.
    #[must_use]
    pub const fn segments(&self) -> Segments {
        self.segments
    }

    /// The characters that were replaced; empty if none were.
    #[must_use]
    pub fn replaced(&self) -> &[Replacement] {
        &self.replaced
    }
}

/// The first control character that has no place in a text. Databases and carriers cannot handle them.
pub(crate) fn forbidden_control_in(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("segments", &self.segments).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Body, BodyError, Encoding, LONGEST_BODY, Segments, Typography};

    fn body(text: &str) -> Body {
        Body::new(text).unwrap()
    }

    #[test]
    fn typography_is_made_plain_when_that_saves_the_encoding() {
        let made = body("It’s ready…");
        assert_eq!(made.text(), "It's ready...");
        assert_eq!(made.segments().encoding(), Encoding::Gsm7);
        assert_eq!(made.replaced().len(), 2);
    }

    #[test]
    fn a_text_that_needs_ucs2_anyway_keeps_its_typography() {
        let made = body("It’s ready… 😀");
        assert_eq!(made.text(), "It’s ready… 😀");
        assert_eq!(made.segments().encoding(), Encoding::Ucs2);
        assert!(made.replaced().is_empty());
    }

    #[test]
    fn a_merchant_who_wants_their_typography_pays_for_it() {
        let made = Body::set("It’s ready…", Typography::AsWritten).unwrap();
        assert_eq!(made.text(), "It’s ready…");
        assert_eq!(made.segments().encoding(), Encoding::Ucs2);
        assert!(made.replaced().is_empty());
    }

    #[test]
    fn line_breaks_cost_one_unit_however_they_were_written() {
        for text in ["a\nb", "a\r\nb", "a\rb"] {
            assert_eq!(body(text).text(), "a\nb");
            assert_eq!(body(text).segments().units(), 3);
        }
    }

    #[test]
    fn a_text_that_nobody_should_get_is_refused() {
        for text in ["", " ", "\n\t\r\n", "\u{a0}"] {
            assert_eq!(Body::new(text), Err(BodyError::Blank), "{text:?}");
        }
        for character in ['\0', '\u{1b}', '\u{c}', '\u{7f}', '\u{85}'] {
            let error = BodyError::ControlCharacter { character };
            assert_eq!(Body::new(&format!("a{character}b")), Err(error));
        }
        assert_eq!(Body::new("a\0").unwrap_err().to_string(), "the message has a control character, U+0000");
    }

    #[test]
    fn the_longest_text_is_counted_as_it_is_sent() {
        assert!(Body::new(&"a".repeat(LONGEST_BODY)).is_ok());
        assert_eq!(Body::new(&"a".repeat(1_601)), Err(BodyError::TooLong { characters: 1_601 }));
        assert!(Body::new(&"😀".repeat(LONGEST_BODY)).is_ok());
        let ellipsis_at_the_end = "a".repeat(1_598) + "…";
        let characters = 1_601;
        assert_eq!(Body::new(&ellipsis_at_the_end), Err(BodyError::TooLong { characters }));
    }

    #[test]
    fn debug_does_not_show_the_text() {
        let shown = format!("{:?}", body("Dear customer"));
        assert!(shown.contains("units: 13") && !shown.contains("Dear"), "{shown}");
    }

    proptest! {
        #[test]
        fn what_was_made_once_is_made_the_same_again(text in "[ -~\u{2018}-\u{2026}\u{a0}é😀\r\n]{0,200}") {
            if let Ok(once) = Body::new(&text) {
                let again = body(once.text());
                prop_assert_eq!(again.text(), once.text());
                prop_assert_eq!(again.segments(), Segments::of(once.text()));
                prop_assert!(again.replaced().is_empty());
            }
        }
    }
}
