//! The region in whose national form a number may be written.

use std::fmt;

use phonenumber::Metadata;
use phonenumber::country::Id;
use phonenumber::metadata::DATABASE;

/// A region in whose national form phone numbers may be written: an ISO 3166 code of two letters, such as `US`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(pub(super) Id);

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
        let id: Id = text.to_ascii_uppercase().parse().map_err(|_| RegionError)?;
        let region = Self(id);
        region.plan().map(|_| region).ok_or(RegionError)
    }

    /// A region as it was stored: it was parsed before, and its numbering plan need not be looked up again.
    ///
    /// # Errors
    /// [`RegionError`] if there is no such country.
    pub(crate) fn from_stored(code: &str) -> Result<Self, RegionError> {
        code.parse().map(Self).map_err(|_| RegionError)
    }

    /// The two letters, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// The digits that follow this region's dialling prefix (`00`, `011`, …), if the text starts with one.
    pub(super) fn after_dialling_prefix(self, digits: &str) -> Option<&str> {
        let prefix = self.plan()?.international_prefix()?.find(digits)?;
        (prefix.start() == 0).then(|| &digits[prefix.end()..])
    }

    /// What digits without a dialling prefix could be, all from the country code on: national digits as they are, or
    /// after a trunk prefix; or digits that have the country code already.
    pub(super) fn readings(self, digits: &str) -> impl Iterator<Item = String> {
        let (code, trunk) = self.plan().map_or_else(Default::default, |plan| {
            (plan.country_code().to_string(), plan.national_prefix().unwrap_or_default())
        });
        let with_code = digits.starts_with(&code).then(|| digits.to_owned());
        let after_trunk = digits.strip_prefix(trunk).map(|national| format!("{code}{national}"));
        [Some(format!("{code}{digits}")), after_trunk, with_code].into_iter().flatten()
    }

    fn plan(self) -> Option<&'static Metadata> {
        DATABASE.by_id(self.0.as_ref())
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
