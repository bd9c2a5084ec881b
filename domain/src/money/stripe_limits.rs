//! The smallest and largest amounts that Stripe charges at once.

use iso_currency::Currency as Iso;

use super::{Currency, Money};

/// The most that Stripe accepts in one charge, in its own units: eight digits.
const LARGEST_STRIPE_AMOUNT: i64 = 99_999_999;

/// Why an amount cannot be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Zero.
    #[error("the amount is zero: there is nothing to pay")]
    NothingToPay,
    /// Below Stripe's minimum for the currency.
    #[error("the amount is too small: the least that can be charged is {smallest}")]
    TooSmall {
        /// The minimum.
        smallest: Money,
    },
    /// Above Stripe's maximum.
    #[error("the amount is too large: the most that can be charged at once is {largest}")]
    TooLarge {
        /// The maximum.
        largest: Money,
    },
}

impl Money {
    /// Checks that Stripe would accept this as a single charge.
    ///
    /// # Errors
    /// See [`AmountError`]. Its message is for people and names the limit.
    pub fn check_chargeable(self) -> Result<(), AmountError> {
        if self.is_zero() {
            return Err(AmountError::NothingToPay);
        }
        if let Some(smallest) = smallest_charge(self.currency)
            && self.minor < smallest.minor
        {
            return Err(AmountError::TooSmall { smallest });
        }
        let largest = largest_charge(self.currency);
        if self.minor > largest.minor {
            return Err(AmountError::TooLarge { largest });
        }
        Ok(())
    }
}

/// The most that can be charged at once: Stripe's limit in minor units.
const fn largest_charge(currency: Currency) -> Money {
    Money { minor: LARGEST_STRIPE_AMOUNT / currency.stripe_factor(), currency }
}

/// Stripe's minimum charge, or `None` where it has none and anything above zero is accepted.
fn smallest_charge(currency: Currency) -> Option<Money> {
    let hundredths = smallest_in_hundredths(currency.iso())?;
    let minor = if currency.decimals() == 0 { hundredths / 100 } else { hundredths };
    Some(Money { minor, currency })
}

/// Stripe's table of minimum charges, in hundredths of a major unit regardless of the currency's decimals.
const fn smallest_in_hundredths(currency: Iso) -> Option<i64> {
    Some(match currency {
        Iso::GBP => 30,
        Iso::USD
        | Iso::ARS
        | Iso::AUD
        | Iso::BRL
        | Iso::CAD
        | Iso::CHF
        | Iso::COP
        | Iso::EUR
        | Iso::IDR
        | Iso::ILS
        | Iso::INR
        | Iso::NZD
        | Iso::PHP
        | Iso::RUB
        | Iso::SGD
        | Iso::ZAR => 50,
        Iso::AED | Iso::MYR | Iso::PLN | Iso::RON => 200,
        Iso::DKK => 250,
        Iso::NOK | Iso::SEK => 300,
        Iso::HKD => 400,
        Iso::MXN | Iso::THB => 1_000,
        Iso::CZK => 1_500,
        Iso::JPY | Iso::KRW => 5_000,
        Iso::HUF => 17_500,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{currency, every_currency, money};
    use super::{AmountError, Money, largest_charge, smallest_charge};

    /// From the contracts: "Smallest charge, in major units".
    const SMALLEST: [(&str, &str); 10] = [
        ("0.50", "USD ARS AUD BRL CAD CHF COP EUR IDR ILS INR NZD PHP RUB SGD ZAR"),
        ("0.30", "GBP"),
        ("2", "AED MYR PLN RON"),
        ("2.50", "DKK"),
        ("3", "NOK SEK"),
        ("4", "HKD"),
        ("10", "MXN THB"),
        ("15", "CZK"),
        ("50", "JPY KRW"),
        ("175", "HUF"),
    ];

    #[test]
    fn the_smallest_charge_is_taken_and_one_unit_less_is_not() {
        for (text, codes) in SMALLEST {
            for code in codes.split_whitespace() {
                let smallest = money(text, code);
                assert_eq!(smallest.check_chargeable(), Ok(()), "{smallest}");
                let less = Money::from_minor(smallest.minor() - 1, smallest.currency()).unwrap();
                assert_eq!(less.check_chargeable(), Err(AmountError::TooSmall { smallest }));
            }
        }
    }

    #[test]
    fn a_currency_without_a_listed_minimum_takes_anything_above_zero() {
        let listed: Vec<_> = SMALLEST.iter().flat_map(|(_, codes)| codes.split_whitespace()).collect();
        for currency in every_currency() {
            let has_minimum = smallest_charge(currency).is_some();
            assert_eq!(has_minimum, listed.contains(&currency.code()), "{currency}");
            if !has_minimum {
                assert_eq!(Money::from_minor(1, currency).unwrap().check_chargeable(), Ok(()));
            }
        }
    }

    #[test]
    fn zero_cannot_be_charged_in_any_currency() {
        for currency in every_currency() {
            assert_eq!(Money::zero(currency).check_chargeable(), Err(AmountError::NothingToPay));
        }
    }

    #[test]
    fn no_charge_is_larger_than_eight_digits_at_stripe() {
        for currency in every_currency() {
            let largest = largest_charge(currency);
            assert_eq!(largest.check_chargeable(), Ok(()));
            assert!(largest.to_stripe_amount() <= 99_999_999);
            let more = Money::from_minor(largest.minor() + 1, currency).unwrap();
            assert!(more.to_stripe_amount() > 99_999_999);
            assert_eq!(more.check_chargeable(), Err(AmountError::TooLarge { largest }));
        }
        assert_eq!(largest_charge(currency("isk")), money("999999", "isk"));
    }

    #[test]
    fn a_refusal_names_the_bound_for_people() {
        let refusal = |text, code| money(text, code).check_chargeable().unwrap_err().to_string();
        assert_eq!(refusal("0.10", "eur"), "the amount is too small: the least that can be charged is 0.50 EUR");
        assert_eq!(
            refusal("1000000", "usd"),
            "the amount is too large: the most that can be charged at once is 999,999.99 USD"
        );
        assert_eq!(refusal("0", "usd"), "the amount is zero: there is nothing to pay");
    }
}
