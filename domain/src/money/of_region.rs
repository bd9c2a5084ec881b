//! In which currency a shop mostly asks to be paid, by where it is.

use super::Currency;
use crate::phone::Region;

/// The regions of each currency, where it is plain which one it is.
const OF_REGIONS: [(&str, &str); 22] = [
    ("eur", "AD AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK SM VA XK"),
    ("usd", "EC PR SV US"),
    ("gbp", "GB"),
    ("chf", "CH LI"),
    ("pln", "PL"),
    ("czk", "CZ"),
    ("dkk", "DK"),
    ("sek", "SE"),
    ("nok", "NO"),
    ("cad", "CA"),
    ("aud", "AU"),
    ("nzd", "NZ"),
    ("jpy", "JP"),
    ("mxn", "MX"),
    ("brl", "BR"),
    ("inr", "IN"),
    ("sgd", "SG"),
    ("hkd", "HK"),
    ("cny", "CN"),
    ("aed", "AE"),
    ("sar", "SA"),
    ("zar", "ZA"),
];

impl Currency {
    /// The currency of this region's shops; `None` where it is not plain which.
    #[must_use]
    pub fn of_region(region: Region) -> Option<Self> {
        let is_there = |regions: &str| regions.split(' ').any(|code| code == region.as_str());
        let (code, _) = OF_REGIONS.iter().find(|(_, regions)| is_there(regions))?;
        Self::parse(code).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_region_has_one_currency_or_none_that_is_plain() {
        let mut seen = BTreeSet::new();
        for (currency, regions) in OF_REGIONS {
            for code in regions.split(' ') {
                let region = Region::parse(code).unwrap();
                assert_eq!(Currency::of_region(region), Currency::parse(currency).ok(), "{code}");
                assert!(seen.insert(code), "{code} is there twice");
            }
        }
        assert_eq!(Currency::of_region(Region::parse("PA").unwrap()), None);
    }
}
