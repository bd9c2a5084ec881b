//! Phone numbers in E.164, read with the merchant's region in mind.
//!
//! The rules are those of libphonenumber, by the `phonenumber` crate. Two habits of that crate are worked around here,
//! because each of them turns a correct number into a *different* valid one, and so an invoice would go to a stranger:
//! - given a region, it takes that region's trunk prefix off foreign numbers, too (`+86 131 2345 6789` became
//!   `+86 312 345 6789` for a merchant in the United States), and its dialling prefix off what follows a `+`;
//! - letters are read as on a keypad, so that `… or 4` adds digits, and an extension is dropped in E.164.
//!
//! So a number with a country code is read without any region and must come out as it was written, and only digits
//! and the usual punctuation are let in.

mod dialled;
mod hours;
mod region;

use std::fmt;

use phonenumber::country::Id;
use phonenumber::{Mode, ParseError};

pub use region::{Region, RegionError};

use dialled::Dialled;

/// E.164 allows no more digits than this, with the country code.
const LONGEST: usize = 15;

/// No subscriber anywhere has a number of fewer digits, with the country code.
const SHORTEST: usize = 7;

/// A phone number in E.164: `+`, country code, subscriber; nothing else.
///
/// It must never reach a log: `Debug` is [masked](PhoneNumber::masked), and there is no `Display`. Who needs the
/// number asks for it by name, with [`PhoneNumber::as_e164`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// Why a text is not a phone number. The text itself is never repeated: errors are logged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PhoneError {
    /// Nothing was written.
    #[error("a phone number is needed")]
    Empty,
    /// A letter, or a `+` in the middle: numbers are not spelled out here.
    #[error("a phone number has digits, spaces, and + at its start")]
    NotDigits,
    /// Fewer digits than any number has.
    #[error("the phone number is too short")]
    TooShort,
    /// More digits than E.164 allows.
    #[error("the phone number is too long")]
    TooLong,
    /// The country code does not exist, or the digits do not form a number.
    #[error("this is not a phone number")]
    Unreadable(#[source] ParseError),
    /// Two numbers, depending on whether it starts with the country code: `4915…` in Germany.
    #[error("this could be two phone numbers: write it with + and its country code")]
    Ambiguous,
    /// Of the right form, but its country has no such numbers.
    #[error("there is no such phone number in its country")]
    NotAssigned,
}

impl PhoneNumber {
    /// Reads a number as people write it: in international form (`+49 151 …`, or with the region's dialling prefix,
    /// `011 49 …`), or in the national form of the region.
    ///
    /// A trunk `0` after the country code (`+44 (0)20 …`) is left out. Whether the number can be texted is not known
    /// here: in many countries, mobile and fixed numbers look the same.
    ///
    /// # Errors
    /// See [`PhoneError`].
    pub fn parse(text: &str, default_region: Region) -> Result<Self, PhoneError> {
        let dialled = Dialled::read(text)?;
        match dialled.international(default_region) {
            Some(digits) => Self::international(digits),
            None => Self::national(&dialled.digits, default_region),
        }
    }

    /// A number that is in E.164 already: one that we stored, or that the carrier sends.
    ///
    /// Only the form is checked: numbering plans change, and a stored number must stay readable.
    ///
    /// # Errors
    /// [`PhoneError`] for anything but `+` and 7 to 15 digits of which the first is not 0.
    pub fn from_e164(text: &str) -> Result<Self, PhoneError> {
        let digits = text.strip_prefix('+').ok_or(PhoneError::NotDigits)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.starts_with('0') {
            Err(PhoneError::NotDigits)
        } else if digits.len() < SHORTEST {
            Err(PhoneError::TooShort)
        } else if digits.len() > LONGEST {
            Err(PhoneError::TooLong)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The number in E.164: `+12025550123`. For the carrier, the database and the merchant; never for a log.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// Enough to tell numbers apart in a log, too little to call one: `***23`.
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = self.0.len() - 2;
        format!("***{}", &self.0[hidden..])
    }

    /// Digits with the country code first: they must come out as they went in, but for a trunk 0.
    fn international(digits: &str) -> Result<Self, PhoneError> {
        let number = Self::checked(None, &format!("+{digits}"))?;
        let read = number.0.trim_start_matches('+');
        if read == digits || without_trunk_zero(digits, read) { Ok(number) } else { Err(PhoneError::NotAssigned) }
    }

    /// Digits without a dialling prefix: in the national form of the region, or with its country code and no `+`.
    ///
    /// What is a number as it stands is that number, and what is two is refused. Only if it is none, the crate is asked
    /// to find out what else was meant (the code of a carrier, the domestic `15` of Argentina): asked first, it would
    /// take the country code off Indian numbers that happen to start with 91.
    fn national(digits: &str, region: Region) -> Result<Self, PhoneError> {
        let mut readings = region.readings(digits).filter_map(|reading| Self::international(&reading).ok());
        let Some(number) = readings.next() else {
            return Self::checked(Some(region.0), digits);
        };
        if readings.all(|other| other == number) { Ok(number) } else { Err(PhoneError::Ambiguous) }
    }

    fn checked(region: Option<Id>, text: &str) -> Result<Self, PhoneError> {
        let number = phonenumber::parse(region, text).map_err(PhoneError::Unreadable)?;
        if phonenumber::is_valid(&number) {
            Self::from_e164(&number.format().mode(Mode::E164).to_string())
        } else {
            Err(PhoneError::NotAssigned)
        }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

/// Whether `shorter` is `longer` without the 0 that follows its country code of one to three digits.
fn without_trunk_zero(longer: &str, shorter: &str) -> bool {
    (1..=3).any(|at| {
        longer.get(at..=at) == Some("0")
            && shorter.get(..at) == Some(&longer[..at])
            && shorter.get(at..) == Some(&longer[at + 1..])
    })
}

stored_as!(PhoneNumber, String, |number| number.as_e164().to_owned(), |number| PhoneNumber::from_e164(&number)
    .map_err(|error| error.to_string()));

#[cfg(test)]
mod tests;
