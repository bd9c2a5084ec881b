//! Parsing amounts from the decimal strings in requests. Anything ambiguous is refused.

use super::{Currency, Money};

/// Why a text is not an amount. Each message says what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// The text is empty.
    #[error("an amount is needed, such as \"129.50\"")]
    Empty,
    /// White space before, within or after the digits.
    #[error("an amount has no spaces")]
    Space,
    /// `+5` or `-1`. Amounts are never negative and need no sign.
    #[error("an amount has no sign: it is never negative")]
    Sign,
    /// `1e3`.
    #[error("an amount is written out, without an exponent")]
    Exponent,
    /// `1,000` or `1,50`. A comma means thousands to some and decimals to others.
    #[error("an amount has no separators: its decimals follow a point, and thousands are not grouped")]
    Separator,
    /// A character such as a letter, a currency sign or a digit of another script.
    #[error("an amount has only the digits 0 to 9 and a point, not {character:?}")]
    NotADigit {
        /// The first such character.
        character: char,
    },
    /// `.5`, `5.` or `.`. A point needs digits on both sides.
    #[error("a decimal point needs digits on both sides")]
    BarePoint,
    /// `1.2.3`.
    #[error("an amount has one decimal point at most")]
    TwoPoints,
    /// `1.005` in a currency with cents, or `500.0` in one without. Amounts are never rounded.
    #[error("{} amounts have {}", currency.code(), decimals_in_words(currency.decimals()))]
    TooManyDecimals {
        /// The currency.
        currency: Currency,
    },
    /// Above [`Money::LARGEST_MINOR`].
    #[error("an amount cannot be this large")]
    TooLarge,
}

fn decimals_in_words(decimals: usize) -> &'static str {
    if decimals == 0 { "no decimals" } else { "two decimals at most" }
}

impl Money {
    /// Parses a decimal string: `"129.50"`, `"129.5"` or `"129"`. Zero is valid. Nothing is trimmed or rounded.
    ///
    /// # Errors
    /// Returns a distinct [`ParseAmountError`] for each kind of mistake.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, ParseAmountError> {
        check_characters(text)?;
        let (whole, fraction) = split_at_point(text)?;
        if fraction.len() > currency.decimals() {
            return Err(ParseAmountError::TooManyDecimals { currency });
        }
        let missing_zeros = currency.decimals() - fraction.len();
        let minor = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(std::iter::repeat_n(b'0', missing_zeros))
            .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))
            .ok_or(ParseAmountError::TooLarge)?;
        Self::from_minor(minor, currency).map_err(|_| ParseAmountError::TooLarge)
    }
}

/// Checks that the text consists of digits and points.
fn check_characters(text: &str) -> Result<(), ParseAmountError> {
    if text.is_empty() {
        return Err(ParseAmountError::Empty);
    }
    let mut digit_seen = false;
    for character in text.chars() {
        match character {
            '0'..='9' => digit_seen = true,
            '.' => {}
            '+' | '-' | '\u{2212}' => return Err(ParseAmountError::Sign),
            ',' | '\'' | '_' => return Err(ParseAmountError::Separator),
            'e' | 'E' if digit_seen => return Err(ParseAmountError::Exponent),
            other if other.is_whitespace() => return Err(ParseAmountError::Space),
            character => return Err(ParseAmountError::NotADigit { character }),
        }
    }
    Ok(())
}

/// Splits at the point. Without one the second part is empty.
fn split_at_point(text: &str) -> Result<(&str, &str), ParseAmountError> {
    let Some((whole, fraction)) = text.split_once('.') else {
        return Ok((text, ""));
    };
    if fraction.contains('.') {
        Err(ParseAmountError::TwoPoints)
    } else if whole.is_empty() || fraction.is_empty() {
        Err(ParseAmountError::BarePoint)
    } else {
        Ok((whole, fraction))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{currency, every_currency};
    use super::{Money, ParseAmountError};

    fn refused(text: &str, code: &str) -> ParseAmountError {
        Money::parse(text, currency(code)).unwrap_err()
    }

    #[test]
    fn an_amount_is_read_into_minor_units() {
        for (text, code, minor) in [
            ("129.50", "eur", 12_950),
            ("129.5", "eur", 12_950),
            ("129", "eur", 12_900),
            ("0.01", "usd", 1),
            ("0", "usd", 0),
            ("0.00", "usd", 0),
            ("007.10", "usd", 710),
            ("500", "jpy", 500),
            ("500", "isk", 500),
            ("500", "ugx", 500),
            ("9999999999999.99", "eur", Money::LARGEST_MINOR),
            ("999999999999999", "jpy", Money::LARGEST_MINOR),
        ] {
            assert_eq!(Money::parse(text, currency(code)).map(Money::minor), Ok(minor), "{text} {code}");
        }
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_reason() {
        for (text, reason) in [
            ("", ParseAmountError::Empty),
            (" 5", ParseAmountError::Space),
            ("5 ", ParseAmountError::Space),
            ("1 000", ParseAmountError::Space),
            ("1\u{a0}000", ParseAmountError::Space),
            ("5\n", ParseAmountError::Space),
            (" ", ParseAmountError::Space),
            ("+5", ParseAmountError::Sign),
            ("-1", ParseAmountError::Sign),
            ("-0", ParseAmountError::Sign),
            ("\u{2212}1", ParseAmountError::Sign),
            ("1e3", ParseAmountError::Exponent),
            ("1E3", ParseAmountError::Exponent),
            ("1.5e3", ParseAmountError::Exponent),
            ("1,000", ParseAmountError::Separator),
            ("1,50", ParseAmountError::Separator),
            ("1'000", ParseAmountError::Separator),
            ("1_000", ParseAmountError::Separator),
            ("٣", ParseAmountError::NotADigit { character: '٣' }),
            ("１", ParseAmountError::NotADigit { character: '１' }),
            ("€5", ParseAmountError::NotADigit { character: '€' }),
            ("eur", ParseAmountError::NotADigit { character: 'e' }),
            ("0x10", ParseAmountError::NotADigit { character: 'x' }),
            ("NaN", ParseAmountError::NotADigit { character: 'N' }),
            ("inf", ParseAmountError::NotADigit { character: 'i' }),
            ("1\0", ParseAmountError::NotADigit { character: '\0' }),
            (".", ParseAmountError::BarePoint),
            (".5", ParseAmountError::BarePoint),
            ("5.", ParseAmountError::BarePoint),
            ("1.2.3", ParseAmountError::TwoPoints),
            ("1..2", ParseAmountError::TwoPoints),
            ("10000000000000.00", ParseAmountError::TooLarge),
            ("9223372036854775807", ParseAmountError::TooLarge),
            ("9223372036854775808", ParseAmountError::TooLarge),
            ("99999999999999999999999999999999", ParseAmountError::TooLarge),
        ] {
            assert_eq!(refused(text, "eur"), reason, "{text:?}");
        }
    }

    #[test]
    fn too_many_decimals_are_an_error_even_when_they_are_zeros() {
        for (text, code) in [("1.005", "eur"), ("1.500", "eur"), ("500.0", "jpy"), ("500.00", "isk")] {
            let currency = currency(code);
            assert_eq!(refused(text, code), ParseAmountError::TooManyDecimals { currency });
        }
        assert_eq!(refused("1.005", "eur").to_string(), "EUR amounts have two decimals at most");
        assert_eq!(refused("1.5", "jpy").to_string(), "JPY amounts have no decimals");
    }

    #[test]
    fn a_character_that_does_not_belong_is_named() {
        assert_eq!(refused("5€", "eur").to_string(), "an amount has only the digits 0 to 9 and a point, not '€'");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back_as_the_same_amount(
            minor in 0..=Money::LARGEST_MINOR,
            currency in proptest::sample::select(every_currency()),
        ) {
            let money = Money::from_minor(minor, currency).unwrap();
            prop_assert_eq!(Money::parse(&money.to_decimal_string(), currency), Ok(money));
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC*", currency in proptest::sample::select(every_currency())) {
            if let Ok(money) = Money::parse(&text, currency) {
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
                prop_assert!(money.minor() >= 0);
            }
        }
    }
}
