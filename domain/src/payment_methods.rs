//! The payment methods offered to buyers at Stripe.

use std::{fmt, str::FromStr};

/// In characters, as Stripe's own are.
const LONGEST: usize = 40;
/// How many may be named.
const MOST: usize = 20;

/// How buyers may pay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PaymentMethods {
    /// By card, and what Stripe counts as one.
    #[default]
    Cards,
    /// By whatever the merchant has switched on in Stripe's dashboard.
    Dashboard,
    /// By these, as Stripe names them.
    These(Vec<String>),
}

/// Why a text does not say how buyers may pay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be `cards`, `dashboard`, or the names of at most {MOST} ways to pay as Stripe has them, with commas: `card,sepa_debit`"
)]
pub struct PaymentMethodsError;

/// The words, as one pattern: for descriptions of what is taken.
pub const PATTERN: &str = "^(cards|dashboard|[a-z][a-z0-9_]{1,39}(,[a-z][a-z0-9_]{1,39}){0,19})$";

impl PaymentMethods {
    /// What Stripe is told: nothing, where its dashboard says it.
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
        for bad in ["", "Card", "card,", "card, sepa_debit", "card,card", "a b", "x"] {
            assert_eq!(bad.parse::<PaymentMethods>(), Err(PaymentMethodsError), "{bad}");
        }
    }
}
