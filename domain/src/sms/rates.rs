//! The price of a segment in credits, by destination.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::PhoneNumber;

/// The most prefixes with their own price.
const MOST: usize = 300;
/// The highest price of a segment.
const DEAREST: i64 = 1_000;

/// Credits per segment for numbers with a prefix such as `+44`. The longest matching prefix wins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates(BTreeMap<String, i64>);

/// Why prices are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatesError {
    /// A prefix is not `+` and 1 to 7 digits.
    #[error("{0:?} is no prefix of numbers: `+` and 1 to 7 digits, such as `+44`")]
    Prefix(String),
    /// A price is out of range.
    #[error("a segment costs 1 to {DEAREST} credits")]
    Price,
    /// There are too many prefixes.
    #[error("at most {MOST} prefixes can have a price of their own")]
    TooMany,
}

impl Rates {
    /// Checks prices by prefix.
    ///
    /// # Errors
    /// See [`RatesError`].
    pub fn new(rates: BTreeMap<String, i64>) -> Result<Self, RatesError> {
        if rates.len() > MOST {
            return Err(RatesError::TooMany);
        }
        for (prefix, rate) in &rates {
            if !is_prefix(prefix) {
                return Err(RatesError::Prefix(prefix.chars().take(20).collect()));
            }
            check_rate(*rate)?;
        }
        Ok(Self(rates))
    }

    /// The price for this number, if a prefix matches.
    #[must_use]
    pub fn of(&self, number: &PhoneNumber) -> Option<i64> {
        let begins = |(prefix, _): &(&String, &i64)| number.as_e164().starts_with(prefix.as_str());
        self.0.iter().filter(begins).max_by_key(|(prefix, _)| prefix.len()).map(|(_, rate)| *rate)
    }

    /// The prices by prefix.
    #[must_use]
    pub const fn by_prefix(&self) -> &BTreeMap<String, i64> {
        &self.0
    }
}

/// Checks the price of a segment.
///
/// # Errors
/// Returns [`RatesError::Price`] if it is out of range.
pub const fn check_rate(rate: i64) -> Result<i64, RatesError> {
    if rate >= 1 && rate <= DEAREST { Ok(rate) } else { Err(RatesError::Price) }
}

fn is_prefix(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (1..=7).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0')
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (prefix, rate)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{prefix}={rate}")?;
        }
        Ok(())
    }
}

impl FromStr for Rates {
    type Err = RatesError;

    fn from_str(text: &str) -> Result<Self, RatesError> {
        let read = |part: &str| {
            let (prefix, rate) = part.split_once('=').ok_or_else(|| RatesError::Prefix(part.to_owned()))?;
            Ok((prefix.to_owned(), rate.parse().map_err(|_| RatesError::Price)?))
        };
        Self::new(text.split(',').filter(|part| !part.is_empty()).map(read).collect::<Result<_, RatesError>>()?)
    }
}

crate::stored_as!(Rates, String, |value| value.to_string(), |text| text
    .parse::<Rates>()
    .map_err(|error| error.to_string()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_counts() {
        let rates: Rates = "+1=1,+1876=9,+44=2".parse().unwrap();
        let of = |number: &str| rates.of(&PhoneNumber::from_e164(number).unwrap());
        assert_eq!(of("+18762101234"), Some(9));
        assert_eq!(of("+12025550123"), Some(1));
        assert_eq!(of("+447700900123"), Some(2));
        assert_eq!(of("+4915123456789"), None);
        assert_eq!(rates.to_string(), "+1=1,+1876=9,+44=2");
        assert_eq!(rates.to_string().parse(), Ok(rates));
        assert_eq!("".parse(), Ok(Rates::default()));
    }

    #[test]
    fn what_is_no_prefix_or_no_price_is_refused() {
        for wrong in ["44=2", "+=2", "+0=2", "+12345678=2", "+4a=2", "+44=0", "+44=-1", "+44=1001", "+44=x", "+44"] {
            assert!(wrong.parse::<Rates>().is_err(), "{wrong}");
        }
        assert_eq!("+44=1,+1234567=1000".parse::<Rates>().unwrap().by_prefix().len(), 2);
        assert_eq!((check_rate(1), check_rate(1_000)), (Ok(1), Ok(1_000)));
        assert_eq!((check_rate(0), check_rate(1_001)), (Err(RatesError::Price), Err(RatesError::Price)));
        let many = (1..=300).map(|prefix| (format!("+1{prefix}"), 1)).collect();
        assert!(Rates::new(many).is_ok());
        let many = (1..=301).map(|prefix| (format!("+1{prefix}"), 1)).collect();
        assert_eq!(Rates::new(many), Err(RatesError::TooMany));
    }
}
