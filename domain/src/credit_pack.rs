//! Credit packs as the operator sells them: a number of credits for a price.

use std::{fmt, str::FromStr};

use crate::{Currency, Money};

/// The most credits in a pack.
const MOST: i64 = 100_000_000;

/// A number of credits and their price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditPack {
    credits: i64,
    price: Money,
}

/// Why a text is not a credit pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreditPackError {
    /// It is malformed.
    #[error("a pack is written like `500 for 25.00 USD`")]
    Form,
    /// The number of credits is out of range.
    #[error("a pack has 1 to {MOST} credits")]
    Credits,
    /// Stripe cannot charge the price.
    #[error("its price cannot be taken: {0}")]
    Price(String),
}

impl CreditPack {
    /// An identifier made of the contents, so that a pack with a changed price is a different pack.
    #[must_use]
    pub fn id(&self) -> String {
        let price = self.price.to_decimal_string().replace('.', "-");
        format!("{}-for-{price}-{}", self.credits, self.price.currency().as_str())
    }

    /// The number of credits.
    #[must_use]
    pub const fn credits(&self) -> i64 {
        self.credits
    }

    /// The price.
    #[must_use]
    pub const fn price(&self) -> Money {
        self.price
    }
}

/// How many credits remain bought after part of the price was returned: as many whole credits as the rest pays for.
#[must_use]
pub fn credits_kept(credits: i64, price: i64, returned: i64) -> i64 {
    let left = (price - returned).clamp(0, price);
    let kept = i128::from(credits) * i128::from(left) / i128::from(price.max(1));
    i64::try_from(kept).unwrap_or(credits)
}

impl FromStr for CreditPack {
    type Err = CreditPackError;

    fn from_str(text: &str) -> Result<Self, CreditPackError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [credits, "for", amount, currency] = words.as_slice() else { return Err(CreditPackError::Form) };
        let credits = credits.parse().map_err(|_| CreditPackError::Form)?;
        if !(1..=MOST).contains(&credits) {
            return Err(CreditPackError::Credits);
        }
        let refused = |reason: String| CreditPackError::Price(reason);
        let currency = Currency::parse(&currency.to_lowercase()).map_err(|error| refused(error.to_string()))?;
        let price = Money::parse(amount, currency).map_err(|error| refused(error.to_string()))?;
        price.check_chargeable().map_err(|error| refused(error.to_string()))?;
        Ok(Self { credits, price })
    }
}

impl fmt::Display for CreditPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {} {}", self.credits, self.price.to_decimal_string(), self.price.currency().code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_read_and_written_alike() {
        let pack: CreditPack = "500 for 25.00 USD".parse().unwrap();
        assert_eq!((pack.credits(), pack.price().minor()), (500, 2_500));
        assert_eq!(pack.id(), "500-for-25-00-usd");
        assert_eq!(pack.to_string().parse(), Ok(pack));
        assert_eq!("500 for 3000 JPY".parse::<CreditPack>().unwrap().price().minor(), 3_000);
        for wrong in ["", "500", "500 for 25.00", "0 for 25.00 USD", "-5 for 25.00 USD", "x for 25.00 USD"] {
            assert!(wrong.parse::<CreditPack>().is_err(), "{wrong}");
        }
        for wrong in ["500 for 0.00 USD", "500 for 0.01 USD", "500 for 25.001 USD", "500 for 25.00 XXX"] {
            assert!(matches!(wrong.parse::<CreditPack>(), Err(CreditPackError::Price(_))), "{wrong}");
        }
    }

    #[test]
    fn credits_are_kept_for_what_is_left_of_the_price() {
        for (returned, kept) in [(0, 500), (2_500, 0), (1_250, 250), (1, 499), (2_499, 0), (9_999, 0)] {
            assert_eq!(credits_kept(500, 2_500, returned), kept, "{returned}");
        }
        assert_eq!(credits_kept(i64::MAX, i64::MAX, 1), i64::MAX - 1);
    }
}
