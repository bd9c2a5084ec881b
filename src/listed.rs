//! Settings that are lists: an array in the file, or one comma-separated text, as in a variable.

use std::{fmt::Display, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error};

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenList {
    Array(Vec<String>),
    Text(String),
}

/// An entry of such a list.
pub(crate) trait ListEntry: Sized {
    /// Parses it, or says what is wrong.
    fn read(text: &str) -> Result<Self, String>;
}

/// A single address counts as a network.
impl ListEntry for ipnet::IpNet {
    fn read(text: &str) -> Result<Self, String> {
        parse::<std::net::IpAddr>(text).map(Self::from).or_else(|_| parse(text))
    }
}

/// Credit packs for sale.
impl ListEntry for domain::CreditPack {
    fn read(text: &str) -> Result<Self, String> {
        parse(text)
    }
}

/// An origin as browsers send it: a scheme, a host and optionally a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CorsOrigin(String);

impl Display for CorsOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl ListEntry for CorsOrigin {
    fn read(text: &str) -> Result<Self, String> {
        let origin = parse::<url::Url>(text)?.origin();
        if origin.is_tuple() && origin.ascii_serialization() == text {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("{text:?} is not an origin; one is written like https://shop.example.com"))
    }
}

fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{text:?}: {error}"))
}

/// Deserializes such a list.
pub(crate) fn read<'de, T: ListEntry, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let texts = match WrittenList::deserialize(deserializer)? {
        WrittenList::Array(texts) => texts,
        WrittenList::Text(text) => text.split(',').map(ToOwned::to_owned).collect(),
    };
    let entries = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    entries.map(|text| T::read(text).map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_an_array_or_a_text_with_commas() {
        let wanted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "192.0.2.1/32".parse().unwrap()];
        assert_eq!(read::<IpNet, _>(json!(["10.0.0.0/8", "192.0.2.1"])).unwrap(), wanted);
        assert_eq!(read::<IpNet, _>(json!("10.0.0.0/8, 192.0.2.1,")).unwrap(), wanted);
        assert_eq!(read::<IpNet, _>(json!([])).unwrap(), []);
        assert!(read::<IpNet, _>(json!(["10.0.0.0/99"])).is_err());
    }

    #[test]
    fn an_origin_has_no_path_and_is_not_everybody() {
        let wanted =
            vec![CorsOrigin("https://shop.example.com".to_owned()), CorsOrigin("http://localhost:3000".to_owned())];
        assert_eq!(
            read::<CorsOrigin, _>(json!(["https://shop.example.com", "http://localhost:3000"])).unwrap(),
            wanted
        );
        for wrong in
            ["*", "null", "shop.example.com", "https://shop.example.com/", "https://Shop.example.com", "file:///x"]
        {
            assert!(read::<CorsOrigin, _>(json!([wrong])).is_err(), "{wrong}");
        }
    }
}
