//! The colour of a merchant's pages.

use std::fmt;

/// The minimum contrast with white text, from WCAG 2.2 level AA.
const LEAST_CONTRAST: f64 = 4.5;

/// A colour dark enough for white text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// Why a colour is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ColourError {
    /// The text is not a colour.
    #[error("a colour is written like #1f5eff")]
    NotAColour,
    /// White text would be unreadable.
    #[error("is too light for white text: the contrast is {contrast:.1} and must be {LEAST_CONTRAST}")]
    TooLight {
        /// The contrast ratio, from 1 to 21.
        contrast: f64,
    },
}

impl Colour {
    /// Parses `#rrggbb`, ignoring case.
    ///
    /// # Errors
    /// See [`ColourError`].
    pub fn parse(text: &str) -> Result<Self, ColourError> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(ColourError::NotAColour)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ColourError::NotAColour);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| ColourError::NotAColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        let colour = Self([red, green, blue]);
        let contrast = colour.contrast_with_white();
        if contrast < LEAST_CONTRAST { Err(ColourError::TooLight { contrast }) } else { Ok(colour) }
    }

    /// The red, green and blue components.
    #[must_use]
    pub const fn rgb(self) -> [u8; 3] {
        self.0
    }

    /// The contrast ratio as WCAG defines it.
    fn contrast_with_white(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

stored_as!(Colour, String, |colour| colour.to_string(), |text| Colour::parse(&text).map_err(|error| error.to_string()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_reads_in_either_case_and_prints_in_lower() {
        assert_eq!(Colour::parse("#1F5EFF").unwrap().to_string(), "#1f5eff");
        assert_eq!(Colour::parse("#000000").unwrap().to_string(), "#000000");
        assert_eq!(Colour::parse("#1f5eff").unwrap().rgb(), [0x1f, 0x5e, 0xff]);
    }

    #[test]
    fn a_colour_too_light_for_white_text_is_refused() {
        assert!(matches!(Colour::parse("#ffffff"), Err(ColourError::TooLight { contrast }) if contrast < 1.01));
        // The lightest grey that passes, and the next lighter one.
        assert!(Colour::parse("#767676").is_ok());
        assert!(matches!(Colour::parse("#777777"), Err(ColourError::TooLight { .. })));
        // A part as dark as this green adds next to nothing: the lightest purple with it, and the next lighter one.
        assert!(Colour::parse("#d00ad0").is_ok());
        assert!(matches!(Colour::parse("#d10ad1"), Err(ColourError::TooLight { .. })));
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in ["", "1f5eff", "#fff", "#12345g", "#+12345", "#1f5eff ", "red", "#é1234"] {
            assert_eq!(Colour::parse(text), Err(ColourError::NotAColour), "{text}");
        }
    }
}
