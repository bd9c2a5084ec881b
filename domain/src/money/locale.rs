//! How languages write decimals: `1.234,50` in German, `1 234,50` in French.

use super::Money;
use crate::is_of_language;

/// How a language separates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Separators {
    thousands: &'static str,
    decimal: &'static str,
    /// Whether four digits stay together, as in Spanish.
    keeps_four: bool,
}

const NARROW_SPACE: &str = "\u{202f}";
const ENGLISH: Separators = Separators { thousands: ",", decimal: ".", keeps_four: false };

/// By CLDR: the languages and regions that differ from English in it.
const KNOWN: &[(&str, Separators)] = &[
    ("de-ch", Separators { thousands: "’", decimal: ".", keeps_four: false }),
    ("de-li", Separators { thousands: "’", decimal: ".", keeps_four: false }),
    ("de", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("en-za", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("es-mx", ENGLISH),
    ("es-us", ENGLISH),
    ("es", Separators { thousands: ".", decimal: ",", keeps_four: true }),
    ("pt-pt", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: true }),
    ("pt", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("pl", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: true }),
    ("fr", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("sv", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("nb", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("no", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("fi", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("cs", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("sk", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("hu", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("bg", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: true }),
    ("uk", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("ru", Separators { thousands: NARROW_SPACE, decimal: ",", keeps_four: false }),
    ("it", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("nl", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("da", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("tr", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("el", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("ro", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("hr", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("sl", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("id", Separators { thousands: ".", decimal: ",", keeps_four: false }),
    ("vi", Separators { thousands: ".", decimal: ",", keeps_four: false }),
];

impl Money {
    /// The amount as a language, such as `de` or `es-MX`, writes it, and its currency's code, which is unambiguous:
    /// many countries write `$`. As in English where we know no better. The two are not torn apart at the end of a
    /// line.
    #[must_use]
    pub fn in_language(self, language: &str) -> String {
        format!("{}\u{a0}{}", decimal_in_language(&self.to_decimal_string(), language), self.currency.code())
    }
}

/// A text with its first decimal, such as `1234.50`, as a language writes it.
#[must_use]
pub fn decimal_in_language(text: &str, language: &str) -> String {
    let separators =
        KNOWN.iter().find(|(known, _)| is_of_language(language, known)).map_or(ENGLISH, |(_, separators)| *separators);
    let start = text.find(|character: char| character.is_ascii_digit()).unwrap_or(text.len());
    let digits = |text: &str| text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (before, rest) = text.split_at(start);
    let (whole, rest) = rest.split_at(digits(rest));
    let fraction = rest.strip_prefix('.').map(|rest| &rest[..digits(rest)]).filter(|fraction| !fraction.is_empty());
    let (point, fraction) = fraction.map_or(("", ""), |fraction| (separators.decimal, fraction));
    let after = &rest[if fraction.is_empty() { 0 } else { 1 + fraction.len() }..];
    format!("{before}{}{point}{fraction}{after}", grouped(whole, separators))
}

fn grouped(digits: &str, separators: Separators) -> String {
    if separators.keeps_four && digits.len() == 4 {
        return digits.to_owned();
    }
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push_str(separators.thousands);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{super::testing::money, *};

    #[test]
    fn an_amount_is_written_as_its_readers_do() {
        let seen = |text, code, language| {
            money(text, code).in_language(language).replace('\u{a0}', " ").replace('\u{202f}', "_")
        };
        for (language, wanted) in [
            ("en-US", "1,234.50 EUR"),
            ("de-DE", "1.234,50 EUR"),
            ("DE", "1.234,50 EUR"),
            ("de-CH", "1’234.50 EUR"),
            ("fr", "1_234,50 EUR"),
            ("es-ES", "1234,50 EUR"),
            ("es-MX", "1,234.50 EUR"),
            ("pt-BR", "1.234,50 EUR"),
            ("", "1,234.50 EUR"),
            ("*", "1,234.50 EUR"),
            ("den", "1,234.50 EUR"),
            ("é", "1,234.50 EUR"),
        ] {
            assert_eq!(seen("1234.50", "eur", language), wanted, "{language}");
        }
        assert_eq!(seen("1234567", "jpy", "ja"), "1,234,567 JPY");
        assert_eq!(seen("1234567.89", "usd", "es"), "1.234.567,89 USD");
        assert_eq!(seen("9.90", "usd", "sv"), "9,90 USD");
    }

    #[test]
    fn what_stands_around_a_decimal_stays() {
        for (text, written) in [
            ("-1234.50", "-1.234,50"),
            ("5962.32 EUR", "5.962,32 EUR"),
            ("129.50", "129,50"),
            ("7.", "7."),
            ("", ""),
            ("none", "none"),
            ("12", "12"),
        ] {
            assert_eq!(decimal_in_language(text, "de"), written);
        }
    }
}
