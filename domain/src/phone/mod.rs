//! Phone numbers in E.164, parsed with the merchant's region as the default.
//!
//! The rules are those of libphonenumber, through the `rlibphonenumber` crate, applied to digits only: labels and
//! punctuation are removed before. Two cases are handled more strictly, because a number misread as another valid one
//! sends an invoice to a stranger. Digits that form two different numbers, depending on whether they start with the
//! country code, are refused. And letters count as keypad digits only at the end of a number, as in `1-800-FLOWERS`.

mod dialled;
mod handset;
mod hours;
mod newer;
mod region;

use std::fmt;

use rlibphonenumber::{
    CountryCodeSource, PHONE_NUMBER_UTIL, ParseError, PhoneNumberFormat, PhoneNumberType, Region as Plan,
};

pub use hours::{TextHours, TextHoursError, TextTimes};
pub use region::{Region, RegionError};

use dialled::Dialled;

/// The most digits in E.164, including the country code.
const LONGEST: usize = 15;

/// The fewest digits of any subscriber number, including the country code.
const SHORTEST: usize = 7;

/// A phone number in E.164: `+`, country code and subscriber number, nothing else.
///
/// It must never be logged: `Debug` is [masked](PhoneNumber::masked), and there is no `Display`. Use
/// [`PhoneNumber::as_e164`] to get the number itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// Why a text is not a phone number. It never contains the text, because errors are logged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PhoneError {
    /// The text is empty.
    #[error("a phone number is needed")]
    Empty,
    /// A letter, or a `+` in the middle.
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
    /// Two possible numbers, depending on whether it starts with the country code, such as `4915…` in Germany.
    #[error("this could be two phone numbers: write it with + and its country code")]
    Ambiguous,
    /// Well-formed, but the country has no such numbers.
    #[error("no such phone number exists in its country")]
    NotAssigned,
}

/// A part of a phone number that was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneNote {
    /// An extension, which cannot be texted.
    ExtensionLeftOut,
}

impl PhoneNumber {
    /// Parses a number as people write it: in international form (`+49 151 …`, or `011 49 …` with the region's dialling
    /// prefix), or in the national form of the region.
    ///
    /// A trunk `0` after the country code (`+44 (0)20 …`) is removed, and so is an extension (see
    /// [`PhoneNumber::parse_noting`]). Whether the number can receive texts is not known, since in many countries
    /// mobile and landline numbers look the same.
    ///
    /// # Errors
    /// See [`PhoneError`].
    pub fn parse(text: &str, default_region: Region) -> Result<Self, PhoneError> {
        Self::parse_noting(text, default_region).map(|(number, _)| number)
    }

    /// Like [`parse`](Self::parse), and also returns what was ignored.
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

    /// Reads a number that is already in E.164, from the database or a carrier.
    ///
    /// Only the form is checked: numbering plans change, and stored numbers must stay readable.
    ///
    /// # Errors
    /// Returns [`PhoneError`] for anything but `+` and 7 to 15 digits that do not start with 0.
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

    /// The number in E.164: `+12025550123`. For the carrier, the database and the merchant, never for a log.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// Enough to tell numbers apart in a log, and too little to call one: `***23`.
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = self.0.len() - 2;
        format!("***{}", &self.0[hidden..])
    }

    /// Parses digits without a dialling prefix: in the national form of the region, or with its country code but no
    /// `+`.
    ///
    /// There are three readings: the digits after the country code, the digits including it, and the region's own
    /// rules, which know trunk prefixes, carrier codes and Argentina's domestic `15`. If they lead to different
    /// numbers, it is refused.
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

    /// The number formed by exactly these digits, including the country code.
    fn as_written(digits: &str) -> Option<Self> {
        let written = format!("+{digits}");
        Self::checked(None, &written).ok().filter(|number| number.0 == written)
    }

    fn checked(region: Option<Plan>, text: &str) -> Result<Self, PhoneError> {
        let number = PHONE_NUMBER_UTIL.parse(text, region).map_err(PhoneError::Unreadable)?;
        let read = Self::from_e164(&PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164))?;
        if PHONE_NUMBER_UTIL.is_valid_number(&number) || newer::has(&read.0) {
            return Ok(read);
        }
        // The handset's other form, which people and carriers still write: +52 1 55…, +55 11 8765….
        read.forms().into_iter().find(|form| *form != read && form.is_valid()).ok_or(PhoneError::NotAssigned)
    }

    /// Whether it is certainly a landline, which seldom gets texts. In North America and elsewhere mobile numbers and
    /// landlines look the same.
    #[must_use]
    pub fn is_landline(&self) -> bool {
        let number = PHONE_NUMBER_UTIL.parse(&self.0, None);
        number.is_ok_and(|number| PHONE_NUMBER_UTIL.get_number_type(&number) == PhoneNumberType::FixedLine)
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
mod refusals;
#[cfg(test)]
mod tests;
