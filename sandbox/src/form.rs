//! Strict `application/x-www-form-urlencoded`: malformed input is refused, order is preserved, and a parameter that no handler reads is an
//! error.

use std::collections::BTreeMap;

/// Why parameters cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// A `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("the form is not well encoded: {0}")]
    Encoding(String),
    /// A parameter that may be given once was given twice.
    #[error("the parameter {0} was given more than once")]
    Repeated(String),
}

/// Parameters by name, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes a form body or a query string.
    pub(crate) fn parse(text: &str) -> Result<Self, FormError> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// Takes a parameter that may be given once.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<String>, FormError> {
        let mut found = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(_) => Err(FormError::Repeated(name.to_owned())),
        }
    }

    /// Takes `name[]` and `name[0]`, `name[1]` and so on, in the order in which they came.
    pub(crate) fn take_list(&mut self, name: &str) -> Vec<String> {
        let is_element =
            |key: &str| inside(key, name).is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()));
        self.0.extract_if(.., |(key, _)| is_element(key)).map(|(_, value)| value).collect()
    }

    /// Takes every `name[key]`, by key.
    pub(crate) fn take_map(&mut self, name: &str) -> Result<BTreeMap<String, String>, FormError> {
        let mut map = BTreeMap::new();
        let is_entry = |key: &str| inside(key, name).is_some_and(|inner| !inner.is_empty());
        for (key, value) in self.0.extract_if(.., |(key, _)| is_entry(key)) {
            let inner = inside(&key, name).unwrap_or_default().to_owned();
            if map.insert(inner, value).is_some() {
                return Err(FormError::Repeated(key));
            }
        }
        Ok(map)
    }

    /// Every pair, sorted.
    pub(crate) fn sorted(&self) -> Vec<(String, String)> {
        let mut pairs = self.0.clone();
        pairs.sort();
        pairs
    }

    /// The names that nobody asked for.
    pub(crate) fn left_over(&self) -> Vec<&str> {
        self.0.iter().map(|(key, _)| key.as_str()).collect()
    }
}

/// What stands between the brackets of `name[…]`.
fn inside<'a>(key: &'a str, name: &str) -> Option<&'a str> {
    let inner = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
    (!inner.contains(['[', ']'])).then_some(inner)
}

fn decode(text: &str) -> Result<String, FormError> {
    let wrong = || FormError::Encoding(text.to_owned());
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = bytes.next().and_then(hex_digit).ok_or_else(wrong)?;
                let low = bytes.next().and_then(hex_digit).ok_or_else(wrong)?;
                high << 4 | low
            }
            plain => plain,
        });
    }
    String::from_utf8(decoded).map_err(|_| wrong())
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Encodes pairs as a form body.
pub(crate) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pair = |(name, value)| format!("{}={}", encode_one(name), encode_one(value));
    pairs.into_iter().map(pair).collect::<Vec<_>>().join("&")
}

fn encode_one(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            other => {
                let digits = [other >> 4, other & 15].map(|digit| char::from(HEX[usize::from(digit)]));
                encoded.push('%');
                encoded.extend(digits);
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        let pairs = [("To", "+15551230000"), ("Body", "50% off & more: é 😀\nsecond line"), ("metadata[a]", "")];

        let mut params = Params::parse(&encode(pairs)).expect("it works");

        for (name, value) in pairs {
            assert_eq!(params.take(name).expect("it works").as_deref(), Some(value));
        }
        assert_eq!(params.left_over(), Vec::<&str>::new());
    }

    #[test]
    fn brackets_make_lists_and_maps_and_deeper_ones_stay() {
        let mut params = Params::parse("e[]=a&e[1]=b&m[k]=v&m[k][deep]=w&e=c").expect("it works");

        assert_eq!(params.take_list("e"), ["a", "b"]);
        assert_eq!(params.take_map("m").expect("it works"), BTreeMap::from([("k".to_owned(), "v".to_owned())]));
        assert_eq!(params.left_over(), ["m[k][deep]", "e"]);
    }

    #[test]
    fn what_does_not_decode_is_refused() {
        for text in ["a=%4", "a=%zz", "a=%ff"] {
            assert!(matches!(Params::parse(text), Err(FormError::Encoding(_))), "{text}");
        }
        assert_eq!(Params::parse("a=1&a=2").expect("it works").take("a"), Err(FormError::Repeated("a".to_owned())));
    }
}
