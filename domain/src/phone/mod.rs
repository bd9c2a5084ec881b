//! Phone numbers in E.164, parsed for the merchant's region.
//!
//! The rules are libphonenumber's, through the `rlibphonenumber` crate, applied to digits only: whatever people, address books and
//! spreadsheets put around them is stripped first. In two cases we are stricter, because a number misread as another valid one sends an
//! invoice to a stranger. Digits that are two different numbers, depending on whether they start with the country code, are refused. And
//! letters count as keypad letters only at the end of a number, as in `1-800-FLOWERS`.

mod dialled;
mod handset;
mod hours;
mod region;

use std::fmt;

use rlibphonenumber::{CountryCodeSource, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, Region as Plan};

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

/// What was left out of a number that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneNote {
    /// An extension: nobody can text it.
    ExtensionLeftOut,
}

impl PhoneNumber {
    /// Reads a number as people write it: in international form (`+49 151 …`, or with the region's dialling prefix,
    /// `011 49 …`), or in the national form of the region.
    ///
    /// A trunk `0` after the country code (`+44 (0)20 …`) is left out, and so is an extension (see [`PhoneNumber::parse_noting`]).
    /// Whether the number can be texted is not known here: in many countries, mobile and fixed numbers look the same.
    ///
    /// # Errors
    /// See [`PhoneError`].
    pub fn parse(text: &str, default_region: Region) -> Result<Self, PhoneError> {
        Self::parse_noting(text, default_region).map(|(number, _)| number)
    }

    /// The same, and what was left out.
    ///
    /// # Errors
    /// See [`PhoneError`].
    pub fn parse_noting(text: &str, default_region: Region) -> Result<(Self, Option<PhoneNote>), PhoneError> {
        let dialled = Dialled::read(text)?;
        let note = dialled.has_extension.then_some(PhoneNote::ExtensionLeftOut);
        Self::of(&dialled, default_region).map(|number| (number, note))
    }

    fn of(dialled: &Dialled, region: Region) -> Result<Self, PhoneError> {
        if dialled.has_plus {
            return Self::checked(None, &format!("+{}", dialled.digits));
        }
        let plan = region.plan();
        let read = PHONE_NUMBER_UTIL.parse_and_keep_raw_input(&dialled.digits, plan);
        let has_dialling_prefix = read.is_ok_and(|it| it.country_code_source() == CountryCodeSource::FromNumberWithIdd);
        if has_dialling_prefix { Self::checked(plan, &dialled.digits) } else { Self::national(&dialled.digits, region) }
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

    /// Digits without a dialling prefix: in the national form of the region, or with its country code and no `+`.
    ///
    /// They are what they are as they stand, after the country code or beginning with it, and what they are by the region's rules, which
    /// know of trunk prefixes, codes of carriers and the domestic `15` of Argentina. What is two numbers so is refused.
    fn national(digits: &str, region: Region) -> Result<Self, PhoneError> {
        let by_the_rules = Self::checked(region.plan(), digits);
        let code = region.code().map(|code| code.to_string()).unwrap_or_default();
        let readings = [
            Self::as_written(&format!("{code}{digits}")),
            by_the_rules.as_ref().ok().cloned(),
            Self::as_written(digits).filter(|_| digits.starts_with(&code)),
        ];
        let mut readings = readings.into_iter().flatten();
        match readings.next() {
            Some(number) if readings.all(|other| other == number) => Ok(number),
            Some(_) => Err(PhoneError::Ambiguous),
            None => by_the_rules,
        }
    }

    /// Digits with the country code first that are a number as they stand.
    fn as_written(digits: &str) -> Option<Self> {
        let written = format!("+{digits}");
        Self::checked(None, &written).ok().filter(|number| number.0 == written)
    }

    fn checked(region: Option<Plan>, text: &str) -> Result<Self, PhoneError> {
        let number = PHONE_NUMBER_UTIL.parse(text, region).map_err(PhoneError::Unreadable)?;
        let read = Self::from_e164(&PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164))?;
        if PHONE_NUMBER_UTIL.is_valid_number(&number) {
            return Ok(read);
        }
        // The other form of the handset's number, which people and carriers go on to write: +52 1 55…, +55 11 8765….
        read.forms().into_iter().find(|form| *form != read && form.is_valid()).ok_or(PhoneError::NotAssigned)
    }

    fn is_valid(&self) -> bool {
        PHONE_NUMBER_UTIL.parse(&self.0, None).is_ok_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

stored_as!(PhoneNumber, String, |number| number.as_e164().to_owned(), |number| PhoneNumber::from_e164(&number)
    .map_err(|error| error.to_string()));

#[cfg(test)]
mod tests;
