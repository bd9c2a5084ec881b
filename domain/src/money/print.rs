//! Formatting amounts for programs ([`Money::to_decimal_string`]) and people ([`Money::to_people`]).

use std::fmt;

use super::Money;

impl Money {
    /// The decimal string used in JSON, with all decimals: `129.50`, `500`. [`Money::parse`] parses it back.
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        let (whole, fraction) = self.digits();
        whole + &fraction
    }

    /// The amount for people: `1,234.50 EUR`. Every character costs a single unit in an SMS.
    #[must_use]
    pub fn to_people(self) -> String {
        self.to_string()
    }

    /// The digits before the point, and the point with the decimals; the latter is empty in a currency without
    /// decimals.
    fn digits(self) -> (String, String) {
        match self.currency.decimals() {
            0 => (self.minor.to_string(), String::new()),
            _ => ((self.minor / 100).to_string(), format!(".{:02}", self.minor % 100)),
        }
    }
}

/// The same as [`Money::to_people`].
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = self.digits();
        write!(f, "{}{fraction} {}", grouped(&whole), self.currency.code())
    }
}

/// Inserts commas between thousands.
fn grouped(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::super::testing::money;

    #[test]
    fn an_amount_in_json_has_all_its_decimals_and_no_commas() {
        for (text, code, printed) in [
            ("129.5", "eur", "129.50"),
            ("0", "eur", "0.00"),
            ("0.05", "eur", "0.05"),
            ("1234567.89", "eur", "1234567.89"),
            ("500", "jpy", "500"),
            ("1500", "isk", "1500"),
        ] {
            assert_eq!(money(text, code).to_decimal_string(), printed);
        }
    }

    #[test]
    fn an_amount_for_people_has_its_currency_and_thousands_apart() {
        for (text, code, printed) in [
            ("129.5", "eur", "129.50 EUR"),
            ("0", "usd", "0.00 USD"),
            ("999.99", "usd", "999.99 USD"),
            ("1000", "usd", "1,000.00 USD"),
            ("1234.5", "eur", "1,234.50 EUR"),
            ("1234567.89", "gbp", "1,234,567.89 GBP"),
            ("100000", "jpy", "100,000 JPY"),
            ("500", "isk", "500 ISK"),
            ("9999999999999.99", "eur", "9,999,999,999,999.99 EUR"),
        ] {
            assert_eq!(money(text, code).to_people(), printed);
        }
    }
}
