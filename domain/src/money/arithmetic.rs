//! Checked arithmetic on amounts: it never wraps, rounds or mixes currencies.

use super::{Currency, Money};

/// Why an amount is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Below zero.
    #[error("an amount cannot be negative")]
    Negative,
    /// Above [`Money::LARGEST_MINOR`].
    #[error("an amount cannot be this large")]
    TooLarge,
    /// The operands have different currencies.
    #[error("an amount in {left} and one in {right} cannot be added up")]
    CurrenciesDiffer {
        /// The currency of the left operand.
        left: Currency,
        /// The currency of the right operand.
        right: Currency,
    },
    /// Stripe reported a fraction of a unit that people do not divide.
    #[error("Stripe's amount {stripe_amount} is not a whole number of {currency}")]
    NotWhole {
        /// The amount in Stripe's units.
        stripe_amount: i64,
        /// The currency: `isk` or `ugx`.
        currency: Currency,
    },
}

impl Money {
    /// Adds two amounts.
    ///
    /// # Errors
    /// Returns [`MoneyError::CurrenciesDiffer`] or [`MoneyError::TooLarge`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        // Neither exceeds `LARGEST_MINOR`, so the sum fits into an `i64`.
        Self::from_minor(self.minor + other.minor, self.currency)
    }

    /// Subtracts an amount, such as a discount.
    ///
    /// # Errors
    /// Returns [`MoneyError::CurrenciesDiffer`], or [`MoneyError::Negative`] if the other is larger.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Self::from_minor(self.minor - other.minor, self.currency)
    }

    /// Multiplies by a quantity.
    ///
    /// # Errors
    /// Returns [`MoneyError::TooLarge`].
    pub fn checked_mul(self, times: u32) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(i64::from(times)).ok_or(MoneyError::TooLarge)?;
        Self::from_minor(minor, self.currency)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrenciesDiffer { left: self.currency, right: other.currency })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{currency, money};
    use super::{Money, MoneyError};

    fn largest() -> Money {
        Money::from_minor(Money::LARGEST_MINOR, currency("eur")).unwrap()
    }

    #[test]
    fn an_order_adds_up() {
        let items = money("19.99", "eur").checked_mul(3).unwrap();
        let total = items.checked_add(money("4.90", "eur")).and_then(|sum| sum.checked_sub(money("10", "eur")));
        assert_eq!(total, Ok(money("54.87", "eur")));
    }

    #[test]
    fn a_discount_may_take_everything_but_not_more() {
        let total = money("10.00", "eur");
        assert_eq!(total.checked_sub(money("10", "eur")), Ok(Money::zero(currency("eur"))));
        assert_eq!(total.checked_sub(money("10.01", "eur")), Err(MoneyError::Negative));
    }

    #[test]
    fn euros_and_dollars_do_not_add_up() {
        let (eur, usd) = (money("1", "eur"), money("1", "usd"));
        let error = MoneyError::CurrenciesDiffer { left: currency("eur"), right: currency("usd") };
        assert_eq!(eur.checked_add(usd), Err(error));
        assert_eq!(eur.checked_sub(usd), Err(error));
        assert_eq!(error.to_string(), "an amount in eur and one in usd cannot be added up");
    }

    #[test]
    fn a_sum_or_product_beyond_the_largest_amount_is_an_error_not_another_amount() {
        assert_eq!(largest().checked_add(money("0.01", "eur")), Err(MoneyError::TooLarge));
        assert_eq!(largest().checked_add(largest()), Err(MoneyError::TooLarge));
        assert_eq!(largest().checked_mul(2), Err(MoneyError::TooLarge));
        assert_eq!(largest().checked_mul(u32::MAX), Err(MoneyError::TooLarge));
        assert_eq!(largest().checked_mul(1), Ok(largest()));
        assert_eq!(largest().checked_mul(0), Ok(Money::zero(currency("eur"))));
    }
}
