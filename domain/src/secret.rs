//! Strings that must never be printed.

use std::fmt;

/// A secret. It has no `Display` and no `Serialize`, and its `Debug` reveals nothing. Read it with [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, only for sending it where it belongs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters, which may be shown; dots if the secret is too short to stay hidden.
    #[must_use]
    pub fn last_four(&self) -> String {
        let characters: Vec<char> = self.0.chars().collect();
        if characters.len() < 12 {
            return "····".to_owned();
        }
        characters[characters.len() - 4..].iter().collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("sk_test_0123456789");
        assert!(!format!("{secret:?}").contains("0123"));
        assert_eq!(secret.last_four(), "6789");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        // Of a short one the last four would be too much.
        assert_eq!(Secret::new("short").last_four(), "····");
        assert_eq!(Secret::new("twelve-signs").last_four(), "igns");
        assert_eq!(Secret::new("but-eleven!").last_four(), "····");
    }

    #[test]
    fn a_secret_is_read_from_json_as_it_is() {
        let secret: Secret = serde_json::from_str("\"sk_test_1\"").unwrap();
        assert!(secret == Secret::new("sk_test_1") && secret != Secret::new("sk_test_2"));
        assert_eq!(secret.expose(), "sk_test_1");
    }
}
