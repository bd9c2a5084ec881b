//! Amounts in Stripe's units: `unit_amount`, `amount_total`, `amount_refunded`.

use super::{Currency, Money, MoneyError};

impl Money {
    /// The amount for Stripe's `unit_amount`: [`Money::minor`], except hundredths for ISK and UGX.
    #[must_use]
    pub const fn to_stripe_amount(self) -> i64 {
        // At most `LARGEST_MINOR` × 100, which fits into an `i64`.
        self.minor * self.currency.stripe_factor()
    }

    /// Converts an amount from Stripe, the inverse of [`Money::to_stripe_amount`].
    ///
    /// # Errors
    /// Returns [`MoneyError::NotWhole`] for hundredths of a króna or a Ugandan shilling, which none of our payments can
    /// have, and otherwise [`MoneyError::Negative`] or [`MoneyError::TooLarge`].
    pub const fn from_stripe_amount(stripe_amount: i64, currency: Currency) -> Result<Self, MoneyError> {
        let factor = currency.stripe_factor();
        if stripe_amount % factor != 0 {
            return Err(MoneyError::NotWhole { stripe_amount, currency });
        }
        Self::from_minor(stripe_amount / factor, currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{currency, every_currency, money};
    use super::{Money, MoneyError};

    #[test]
    fn stripe_counts_as_we_do_except_for_the_krona_and_the_ugandan_shilling() {
        for (text, code, stripe_amount) in [
            ("129.50", "eur", 12_950),
            ("500", "jpy", 500),
            ("500", "mga", 500),
            ("500", "isk", 50_000),
            ("500", "ugx", 50_000),
            ("175", "huf", 17_500),
            ("800", "twd", 80_000),
        ] {
            assert_eq!(money(text, code).to_stripe_amount(), stripe_amount, "{text} {code}");
        }
    }

    #[test]
    fn a_fraction_of_a_krona_is_not_an_amount() {
        let isk = currency("isk");
        assert_eq!(
            Money::from_stripe_amount(50_001, isk),
            Err(MoneyError::NotWhole { stripe_amount: 50_001, currency: isk })
        );
        assert_eq!(Money::from_stripe_amount(50_000, isk), Ok(money("500", "isk")));
    }

    #[test]
    fn an_amount_that_stripe_cannot_mean_is_refused() {
        let (usd, ugx) = (currency("usd"), currency("ugx"));
        assert_eq!(Money::from_stripe_amount(-1, usd), Err(MoneyError::Negative));
        assert_eq!(Money::from_stripe_amount(-100, ugx), Err(MoneyError::Negative));
        assert_eq!(Money::from_stripe_amount(i64::MAX, usd), Err(MoneyError::TooLarge));
        assert_eq!(Money::from_stripe_amount(i64::MIN, usd), Err(MoneyError::Negative));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_amount(
            minor in 0..=Money::LARGEST_MINOR,
            currency in proptest::sample::select(every_currency()),
        ) {
            let money = Money::from_minor(minor, currency).unwrap();
            prop_assert_eq!(Money::from_stripe_amount(money.to_stripe_amount(), currency), Ok(money));
        }

        #[test]
        fn back_and_there_is_the_same_number(
            stripe_amount in any::<i64>(),
            currency in proptest::sample::select(every_currency()),
        ) {
            if let Ok(money) = Money::from_stripe_amount(stripe_amount, currency) {
                prop_assert_eq!(money.to_stripe_amount(), stripe_amount);
            }
        }
    }
}
