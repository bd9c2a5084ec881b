//! The region whose national number format applies.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region as Plan};

/// A region whose national number format may be used: a two-letter ISO 3166 code such as `US`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region([u8; 2]);

/// The text is not a region with phone numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a region is the two letters of a country, such as US")]
pub struct RegionError;

impl Region {
    /// Parses a two-letter code, ignoring case.
    ///
    /// # Errors
    /// Returns [`RegionError`] if there is no such country, or it has no numbering plan (Antarctica).
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let region = Self::from_stored(&text.to_ascii_uppercase())?;
        region.code().map(|_| region).ok_or(RegionError)
    }

    /// Reads a stored region. It was checked when it was parsed, so the numbering plan is not looked up again.
    ///
    /// # Errors
    /// Returns [`RegionError`] unless it is two capital letters.
    pub(crate) fn from_stored(code: &str) -> Result<Self, RegionError> {
        match code.as_bytes() {
            &[a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Ok(Self([a, b])),
            _ => Err(RegionError),
        }
    }

    /// The two letters in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The region in `rlibphonenumber`.
    pub(super) fn plan(self) -> Option<Plan> {
        self.as_str().parse().ok()
    }

    /// The region's calling code, if it has one.
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
        let us = Region::parse("us").unwrap();
        assert_eq!(format!("{us} {us:?} {us:>4}"), "US US   US");
        for text in ["", "U", "USA", "001", "ZZ", "AQ", " US", "us "] {
            assert_eq!(Region::parse(text), Err(RegionError), "{text:?}");
        }
    }
}
