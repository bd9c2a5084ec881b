//! Money: an integer number of a currency's minor units, and the currency. No floats.
//!
//! Stripe's units differ from ours for two currencies:
//!
//! | | `EUR 129.50` | `JPY 500` | `ISK 500` | where |
//! |---|---|---|---|---|
//! | [`Money::minor`] | 12950 | 500 | 500 | our database, arithmetic and texts |
//! | [`Money::to_stripe_amount`] | 12950 | 500 | 50000 | Stripe's `unit_amount`, `amount_total`, … |
//!
//! Only the Stripe client and the parsing of Stripe's events use the second.

mod arithmetic;
mod currency;
mod locale;
mod of_region;
mod parse;
mod print;
mod stripe;
mod stripe_limits;
mod written;

pub use arithmetic::MoneyError;
pub use currency::{Currency, CurrencyError};
pub use locale::decimal_in_language;
pub use parse::ParseAmountError;
pub use stripe_limits::AmountError;
pub use written::{WrittenAmount, WrittenCurrency};

/// An amount of money, from zero to [`Money::LARGEST_MINOR`].
///
/// Zero is valid (a free item, no discount); [`Money::check_chargeable`] checks whether an amount can be charged.
/// Amounts of different currencies cannot be added or ordered, only compared for equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// The largest amount, in minor units: far above what can be charged, so that sums of order lines fit, and small
    /// enough that Stripe's units (up to ×100) never overflow.
    pub(crate) const LARGEST_MINOR: i64 = 999_999_999_999_999;

    /// An amount in minor units as people count them: euro cents, whole yen, whole krónur.
    ///
    /// # Errors
    /// Returns [`MoneyError::Negative`] below zero and [`MoneyError::TooLarge`] above [`Money::LARGEST_MINOR`].
    pub const fn from_minor(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor < 0 {
            Err(MoneyError::Negative)
        } else if minor > Self::LARGEST_MINOR {
            Err(MoneyError::TooLarge)
        } else {
            Ok(Self { minor, currency })
        }
    }

    /// Zero in this currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The minor units as people count them, which is what the database stores.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }
}

/// Helpers shared by the tests of this folder.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Currency, Money};

    /// All supported currencies, found by trying every three-letter code.
    pub(crate) fn every_currency() -> Vec<Currency> {
        let letters = || b'a'..=b'z';
        letters()
            .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])))
            .filter_map(|code| Currency::parse(std::str::from_utf8(&code).unwrap()).ok())
            .collect()
    }

    pub(crate) fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    pub(crate) fn money(text: &str, code: &str) -> Money {
        Money::parse(text, currency(code)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::currency;
    use super::{Money, MoneyError};

    #[test]
    fn an_amount_is_never_negative_and_never_beyond_the_largest() {
        let eur = currency("eur");
        assert_eq!(Money::from_minor(-1, eur), Err(MoneyError::Negative));
        assert_eq!(Money::from_minor(i64::MIN, eur), Err(MoneyError::Negative));
        assert_eq!(Money::from_minor(Money::LARGEST_MINOR + 1, eur), Err(MoneyError::TooLarge));
        assert_eq!(Money::from_minor(0, eur), Ok(Money::zero(eur)));
        assert!(Money::from_minor(Money::LARGEST_MINOR, eur).is_ok());
    }

    #[test]
    fn the_same_number_of_another_currency_is_another_amount() {
        let (eur, usd) = (Money::zero(currency("eur")), Money::zero(currency("usd")));
        assert_ne!(eur, usd);
        assert!(eur.is_zero() && usd.is_zero());
    }
}
