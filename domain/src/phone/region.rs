//! The region whose national number format is accepted.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region as Plan};

/// A region in whose national form phone numbers may be written: an ISO 3166 code of two letters, such as `US`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region([u8; 2]);

/// A text that is not a region with telephone numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a region is the two letters of a country, such as US")]
pub struct RegionError;

impl Region {
    /// Reads the two letters, in either case.
    ///
    /// # Errors
    /// [`RegionError`] if there is no such country, or it has no numbering plan (Antarctica).
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let region = Self::from_stored(&text.to_ascii_uppercase())?;
        region.code().map(|_| region).ok_or(RegionError)
    }

    /// A region as it was stored: it was parsed before, and its numbering plan need not be looked up again.
    ///
    /// # Errors
    /// [`RegionError`] if there is no such country.
    pub(crate) fn from_stored(code: &str) -> Result<Self, RegionError> {
        match code.as_bytes() {
            &[a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Ok(Self([a, b])),
            _ => Err(RegionError),
        }
    }

    /// The two letters, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As the crate calls it.
    pub(super) fn plan(self) -> Option<Plan> {
        self.as_str().parse().ok()
    }

    /// The country code of its numbers, if it has any.
    pub(super) fn code(self) -> Option<i32> {
        PHONE_NUMBER_UTIL.get_country_code_for_region(self.plan()?)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

stored_as!(Region, String, |region| region.as_str().to_owned(), |code| Region::from_stored(&code)
    .map_err(|error| error.to_string()));

#[cfg(test)]
mod tests {
    use super::{Region, RegionError};

    #[test]
    fn a_region_is_two_letters_of_a_country_with_telephones() {
        for (text, code) in [("US", "US"), ("gb", "GB"), ("De", "DE"), ("XK", "XK")] {
            assert_eq!(Region::parse(text).unwrap().as_str(), code);
        }
        for text in ["", "U", "USA", "001", "ZZ", "AQ", " US", "us "] {
            assert_eq!(Region::parse(text), Err(RegionError), "{text:?}");
        }
    }
}
