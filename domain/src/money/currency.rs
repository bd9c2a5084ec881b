//! The supported currencies and their decimals.

use std::fmt;

use iso_currency::Currency as Iso;
use serde::{Deserialize, Serialize};

/// A currency, by its ISO 4217 code, in lower case as at Stripe.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    iso: Iso,
    /// The code in lower-case ASCII, stored so that [`Currency::as_str`] can return a reference.
    code: [u8; 3],
}

/// Why a text is not a supported currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// Not three ASCII letters.
    #[error("a currency is three letters, such as eur")]
    NotACode,
    /// Three letters, but not an ISO 4217 code.
    #[error("there is no currency {code}")]
    Unknown {
        /// The code in lower case.
        code: String,
    },
    /// An ISO 4217 code that is not used for payments: precious metals, units of account, fund codes and test codes.
    #[error("{code} is a unit of account, not a currency that people pay in")]
    NotPaidIn {
        /// The code in lower case.
        code: String,
    },
    /// Three or more decimals, as with dinars and rials. Stripe requires their last digit to be 0, which would mean
    /// rounding.
    #[error("{code} has {decimals} decimals, and currencies with more than two are not taken")]
    TooManyDecimals {
        /// The code in lower case.
        code: String,
        /// The number of decimals in ISO 4217.
        decimals: u16,
    },
}

impl Currency {
    /// Parses an ISO 4217 code, ignoring case. White space is not trimmed.
    ///
    /// # Errors
    /// See [`CurrencyError`].
    pub fn parse(text: &str) -> Result<Self, CurrencyError> {
        let code = ascii_letters(text).ok_or(CurrencyError::NotACode)?;
        let iso = Iso::from_code(&text.to_ascii_uppercase())
            .ok_or_else(|| CurrencyError::Unknown { code: text.to_ascii_lowercase() })?;
        match iso.exponent() {
            Some(decimals) if decimals > 2 => {
                Err(CurrencyError::TooManyDecimals { code: text.to_ascii_lowercase(), decimals })
            }
            Some(_) if !iso.is_fund() && !iso.is_special() => Ok(Self { iso, code }),
            Some(_) | None => Err(CurrencyError::NotPaidIn { code: text.to_ascii_lowercase() }),
        }
    }

    /// The code in lower case: `eur`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The code is ASCII, so this cannot fail.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// The code in upper case, as people write it: `EUR`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// The English name: `Euro`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.iso.name()
    }

    /// Whether people write this sign for it: `$` for US dollars as for pesos, `CA$` for Canadian dollars alone.
    #[must_use]
    pub fn has_sign(self, sign: &str) -> bool {
        let usual = self.iso.symbol().symbol;
        let known = matches!((sign, self.code()), ("A$", "AUD") | ("C$", "CAD") | ("S$", "SGD"));
        known
            || sign.strip_suffix(usual.as_str()).is_some_and(|before| before.is_empty() || before == &self.code()[..2])
    }

    /// The number of decimals that people write: 2 or 0.
    ///
    /// It is 0 for the fifteen currencies that Stripe counts in whole units, and for ISK and UGX, which have no
    /// decimals in ISO 4217 either, although Stripe counts them in hundredths (see
    /// [`Money::to_stripe_amount`](super::Money::to_stripe_amount)).
    #[must_use]
    pub(crate) const fn decimals(self) -> usize {
        match self.iso {
            Iso::BIF
            | Iso::CLP
            | Iso::DJF
            | Iso::GNF
            | Iso::JPY
            | Iso::KMF
            | Iso::KRW
            | Iso::MGA
            | Iso::PYG
            | Iso::RWF
            | Iso::VND
            | Iso::VUV
            | Iso::XAF
            | Iso::XOF
            | Iso::XPF
            | Iso::ISK
            | Iso::UGX => 0,
            _ => 2,
        }
    }

    /// Stripe's units per minor unit: 100 for ISK and UGX, which Stripe counts with two decimals for compatibility;
    /// otherwise 1.
    #[must_use]
    pub(super) const fn stripe_factor(self) -> i64 {
        match self.iso {
            Iso::ISK | Iso::UGX => 100,
            _ => 1,
        }
    }

    pub(super) const fn iso(self) -> Iso {
        self.iso
    }
}

fn ascii_letters(text: &str) -> Option<[u8; 3]> {
    let code: [u8; 3] = text.as_bytes().try_into().ok()?;
    code.iter().all(u8::is_ascii_alphabetic).then(|| code.map(|letter| letter.to_ascii_lowercase()))
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

stored_as!(Currency, String, |currency| currency.as_str().to_owned(), |code| Currency::parse(&code)
    .map_err(|error| error.to_string()));

#[cfg(test)]
mod tests {
    use super::super::testing::{currency, every_currency};
    use super::{Currency, CurrencyError};

    fn refused(text: &str) -> CurrencyError {
        Currency::parse(text).unwrap_err()
    }

    #[test]
    fn a_code_is_taken_in_either_case_and_written_in_lower_case() {
        for text in ["eur", "EUR", "Eur"] {
            let eur = currency(text);
            assert_eq!(eur.as_str(), "eur");
            assert_eq!(eur.code(), "EUR");
            assert_eq!(eur.to_string(), "eur");
            assert_eq!(eur.name(), "Euro");
            assert_eq!(format!("{eur:>5} {eur:?}"), "  eur eur");
            assert_eq!(text.parse(), Ok(eur));
        }
    }

    #[test]
    fn what_is_not_three_letters_is_not_a_code() {
        for text in ["", "e", "eu", "euro", " eur", "eur ", "€", "e€", "€€€", "12€", "123", "e-r", "ẞ"] {
            assert_eq!(refused(text), CurrencyError::NotACode, "{text:?}");
        }
    }

    #[test]
    fn a_code_that_iso_does_not_list_is_unknown() {
        for text in ["abc", "zzz", "btc", "QQQ"] {
            let code = text.to_ascii_lowercase();
            assert_eq!(refused(text), CurrencyError::Unknown { code });
        }
    }

    #[test]
    fn metals_funds_and_test_codes_are_not_paid_in() {
        for text in ["xau", "xag", "xdr", "xts", "xxx", "xba", "che", "chw", "bov", "cou", "mxv", "usn", "uyi"] {
            let code = text.to_owned();
            assert_eq!(refused(text), CurrencyError::NotPaidIn { code });
        }
    }

    #[test]
    fn currencies_with_three_decimals_or_more_are_refused() {
        for text in ["bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"] {
            let code = text.to_owned();
            assert_eq!(refused(text), CurrencyError::TooManyDecimals { code, decimals: 3 });
        }
        for text in ["clf", "uyw"] {
            let code = text.to_owned();
            assert_eq!(refused(text), CurrencyError::TooManyDecimals { code, decimals: 4 });
        }
    }

    #[test]
    fn seventeen_currencies_have_no_decimals_and_all_others_two() {
        let mut none: Vec<_> =
            every_currency().into_iter().filter(|currency| currency.decimals() == 0).map(Currency::code).collect();
        none.sort_unstable();
        assert_eq!(none.join(" "), "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF");
    }

    #[test]
    fn our_decimals_are_those_of_iso_4217_except_for_the_ariary() {
        for currency in every_currency() {
            let iso = currency.iso().exponent().map(usize::from);
            let differs = iso != Some(currency.decimals());
            assert_eq!(differs, currency.as_str() == "mga", "{currency}");
        }
    }

    #[test]
    fn a_sign_belongs_to_the_currencies_that_write_it_so() {
        for (sign, codes) in [
            ("$", "usd cad aud mxn"),
            ("US$", "usd"),
            ("CA$", "cad"),
            ("C$", "cad"),
            ("A$", "aud"),
            ("AU$", "aud"),
            ("S$", "sgd"),
            ("¥", "jpy cny"),
            ("CN¥", "cny"),
            ("₹", "inr"),
        ] {
            for code in ["usd", "cad", "aud", "mxn", "sgd", "jpy", "cny", "inr", "eur"] {
                let is_of_it = codes.split(' ').any(|other| other == code);
                assert_eq!(currency(code).has_sign(sign), is_of_it, "{sign} {code}");
            }
        }
    }

    #[test]
    fn more_than_140_currencies_are_taken() {
        assert!(every_currency().len() > 140, "{}", every_currency().len());
    }

    #[test]
    fn in_json_a_currency_is_its_code_and_an_unknown_one_says_why() {
        let usd: Currency = serde_json::from_str("\"USD\"").unwrap();
        assert_eq!(serde_json::to_string(&usd).unwrap(), "\"usd\"");
        let error = serde_json::from_str::<Currency>("\"kwd\"").unwrap_err();
        assert!(error.to_string().contains("kwd has 3 decimals"), "{error}");
    }
}
