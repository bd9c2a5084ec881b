//! Formats an amount the way the buyer's language writes numbers. The currency is given by its code, which is unambiguous: many countries
//! write `$`.

use domain::Money;

use crate::http::language::{favourite, is_of};

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

/// The amount as whoever sent this `Accept-Language` writes it; as in English where we know no better.
pub(super) fn written(money: Money, accept_language: &str) -> String {
    let separators = favourite(accept_language).map_or(ENGLISH, of_language);
    let decimal = money.to_decimal_string();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let point = if fraction.is_empty() { "" } else { separators.decimal };
    // The two must not be torn apart at the end of a line.
    format!("{}{point}{fraction}\u{a0}{}", grouped(whole, separators), money.currency().code())
}

fn of_language(language: &str) -> Separators {
    KNOWN.iter().find(|(known, _)| is_of(language, known)).map_or(ENGLISH, |(_, separators)| *separators)
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
    use domain::Currency;

    use super::*;

    fn seen(text: &str, code: &str, accept_language: &str) -> String {
        let money = Money::parse(text, Currency::parse(code).unwrap()).unwrap();
        written(money, accept_language).replace('\u{a0}', " ").replace('\u{202f}', "_")
    }

    #[test]
    fn an_amount_is_written_as_the_buyer_writes() {
        for (language, wanted) in [
            ("en-US,en;q=0.9", "1,234.50 EUR"),
            ("de-DE,de;q=0.9,en;q=0.8", "1.234,50 EUR"),
            ("de-CH", "1’234.50 EUR"),
            ("fr", "1_234,50 EUR"),
            ("es-ES", "1234,50 EUR"),
            ("es-MX", "1,234.50 EUR"),
            ("pt-BR", "1.234,50 EUR"),
            ("en;q=0.5, DE", "1.234,50 EUR"),
            ("", "1,234.50 EUR"),
            ("*", "1,234.50 EUR"),
            ("xx-<script>;q=x", "1,234.50 EUR"),
        ] {
            assert_eq!(seen("1234.50", "eur", language), wanted, "{language}");
        }
        assert_eq!(seen("1234567", "jpy", "ja"), "1,234,567 JPY");
        assert_eq!(seen("1234567.89", "usd", "es"), "1.234.567,89 USD");
        assert_eq!(seen("9.90", "usd", "sv"), "9,90 USD");
    }
}
