//! Texts that stand for a value of the domain. They are read where the value is used, and not while the input is: so a
//! text that is none is refused together with everything else that is wrong.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use chrono::NaiveDate;
use domain::{Colour, Currency, PaymentMethods, Region};
use poem_openapi::registry::MetaSchema;

use super::{Written, of_pattern};

/// An ISO 4217 currency code.
pub(crate) type CurrencyCode = TextFor<Currency>;
/// An ISO 3166 country code.
pub(crate) type CountryCode = TextFor<Region>;
/// A colour.
pub(crate) type ColourCode = TextFor<Colour>;
/// The accepted payment methods.
pub(crate) type PaymentMethodsText = TextFor<PaymentMethods>;
/// A day.
pub(crate) type CalendarDay = TextFor<NaiveDate>;

/// A value that a text can stand for.
pub(crate) trait FromText: Sized {
    /// The schema of its texts.
    fn schema() -> MetaSchema;

    /// Reads a text. The error says what is expected.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// A text that stands for a value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TextFor<T> {
    text: String,
    value: PhantomData<fn() -> T>,
}

impl<T: FromText> TextFor<T> {
    /// The value, or why the text is none.
    pub(crate) fn value(&self) -> Result<T, String> {
        T::from_text(&self.text)
    }
}

impl<T: FromText> Written for TextFor<T> {
    fn schema() -> MetaSchema {
        T::schema()
    }

    fn read(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.text)
    }
}

impl<T> From<String> for TextFor<T> {
    fn from(text: String) -> Self {
        Self { text, value: PhantomData }
    }
}

impl<T> From<&str> for TextFor<T> {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl<T> Deref for TextFor<T> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl<T> fmt::Debug for TextFor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextFor(…)")
    }
}

macro_rules! from_texts {
    ($($name:ty = $schema:expr, $read:expr;)+) => { $(
        impl FromText for $name {
            fn schema() -> MetaSchema {
                $schema
            }

            fn from_text(text: &str) -> Result<Self, String> {
                $read(text).map_err(|error| error.to_string())
            }
        }
    )+ };
}

from_texts! {
    Currency = of_pattern("the three letters of a currency, such as usd", "^[A-Za-z]{3}$", "usd"), Currency::parse;
    Region = of_pattern("the two letters of a country, such as US", "^[A-Za-z]{2}$", "US"), Region::parse;
    Colour = of_pattern("a colour such as #7a3e9d", "^#[0-9a-fA-F]{6}$", "#7a3e9d"), Colour::parse;
    PaymentMethods = of_pattern(
        "`cards`, `dashboard` (what Stripe's dashboard has switched on), or Stripe's names with commas, such as `card,sepa_debit`",
        domain::payment_methods::PATTERN,
        "cards",
    ), str::parse::<Self>;
}

impl FromText for NaiveDate {
    fn schema() -> MetaSchema {
        let pattern = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
        MetaSchema { format: Some("date"), ..of_pattern("a date such as 2026-12-31", pattern, "2026-12-31") }
    }

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "is not a date such as 2026-12-31".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the description is read, and what only looks like it is refused where its value is used.
    fn reads<T: FromText>(odd: &str) {
        let example = T::schema().example.and_then(|example| example.as_str().map(str::to_owned)).unwrap();
        assert!(T::from_text(&example).is_ok(), "{example}");
        assert!(TextFor::<T>::read(odd).unwrap().value().is_err(), "{odd}");
    }

    #[test]
    fn a_text_is_refused_where_its_value_is_used() {
        reads::<Currency>("xyz");
        reads::<Region>("XQ");
        reads::<Colour>("#ffffff");
        reads::<PaymentMethods>("card,card");
        reads::<NaiveDate>("2026-02-30");
    }
}
