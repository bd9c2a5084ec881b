//! The ways in which buyers may pay at Stripe.

use std::{fmt, str::FromStr};

/// The longest name of a payment method, in characters.
const LONGEST: usize = 40;
/// The most payment methods that may be listed.
const MOST: usize = 20;

/// The ways in which buyers may pay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PaymentMethods {
    /// By card, including wallets that Stripe counts as cards.
    #[default]
    Cards,
    /// By whatever is enabled in the merchant's Stripe dashboard.
    Dashboard,
    /// By these methods, under their names at Stripe.
    These(Vec<String>),
}

/// The text does not describe payment methods.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be `cards`, `dashboard`, or the names of at most {MOST} ways to pay as Stripe has them, with commas: `card,sepa_debit`"
)]
pub struct PaymentMethodsError;

/// A pattern for the accepted texts, for API descriptions.
pub const PATTERN: &str = "^(cards|dashboard|[a-z][a-z0-9_]{1,39}(,[a-z][a-z0-9_]{1,39}){0,19})$";

impl PaymentMethods {
    /// The methods to pass to Stripe; none if its dashboard decides.
    #[must_use]
    pub fn named(&self) -> Vec<&str> {
        match self {
            Self::Cards => vec!["card"],
            Self::Dashboard => Vec::new(),
            Self::These(names) => names.iter().map(String::as_str).collect(),
        }
    }
}

impl FromStr for PaymentMethods {
    type Err = PaymentMethodsError;

    fn from_str(text: &str) -> Result<Self, PaymentMethodsError> {
        match text {
            "cards" => return Ok(Self::Cards),
            "dashboard" => return Ok(Self::Dashboard),
            _ => {}
        }
        let names: Vec<String> = text.split(',').map(str::to_owned).collect();
        let is_name = |name: &String| {
            (2..=LONGEST).contains(&name.len())
                && name.starts_with(|letter: char| letter.is_ascii_lowercase())
                && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        };
        let is_twice = names.iter().enumerate().any(|(at, name)| names[..at].contains(name));
        if names.len() > MOST || is_twice || !names.iter().all(is_name) {
            return Err(PaymentMethodsError);
        }
        Ok(Self::These(names))
    }
}

impl fmt::Display for PaymentMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cards => f.write_str("cards"),
            Self::Dashboard => f.write_str("dashboard"),
            Self::These(names) => f.write_str(&names.join(",")),
        }
    }
}

crate::stored_as!(PaymentMethods, String, |value| value.to_string(), |text| text
    .parse::<PaymentMethods>()
    .map_err(|error| error.to_string()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_how_buyers_may_pay_or_why_not() {
        for (text, named) in [
            ("cards", vec!["card"]),
            ("dashboard", vec![]),
            ("card,sepa_debit", vec!["card", "sepa_debit"]),
            ("us_bank_account", vec!["us_bank_account"]),
        ] {
            let methods: PaymentMethods = text.parse().unwrap();
            assert_eq!((methods.named(), methods.to_string()), (named, text.to_owned()));
        }
        for bad in ["", "Card", "card,", "card, sepa_debit", "card,card", "a b", "x", "1card", "_card", "caRd", "ca-rd"]
        {
            assert_eq!(bad.parse::<PaymentMethods>(), Err(PaymentMethodsError), "{bad}");
        }
    }

    #[test]
    fn twenty_ways_of_forty_letters_are_the_most() {
        let ways = |number: usize| (0..number).map(|way| format!("way_{way}")).collect::<Vec<_>>().join(",");
        assert_eq!(ways(20).parse::<PaymentMethods>().unwrap().named().len(), 20);
        assert!(ways(21).parse::<PaymentMethods>().is_err());
        assert!("x".repeat(40).parse::<PaymentMethods>().is_ok());
        assert!("x".repeat(41).parse::<PaymentMethods>().is_err());
    }
}
