//! Operators: the keys that authenticate them, and the names by which the audit log knows them.
//!
//! No part of a key is stored in the database. A session created with a key is found by an HMAC under that key, so it
//! ends when the key is removed. Each use of a key has its own label, so that a value made for one use is worthless for
//! another.

use std::fmt;

use ring::hmac;

use crate::audit::OPERATOR;
use domain::{Secret, sha256};

/// The shortest operator key, in characters.
const SHORTEST: usize = 32;
/// The fewest different characters in a key. A key that is typed by hand or repeats itself is not random.
const FEWEST_CHARACTERS: usize = 8;
/// The longest name of an operator, in characters.
const LONGEST_NAME: usize = 40;

/// Why an operator key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorKeyError {
    /// The key could be guessed.
    #[error(
        "must have at least {SHORTEST} characters of random{}; `paylink secrets generate` makes one",
        of(name.as_ref())
    )]
    Guessable {
        /// The operator's name.
        name: Option<String>,
    },
    /// The name is invalid.
    #[error("{0:?} is no name of an operator: it must have 1 to {LONGEST_NAME} letters, digits, `.`, `_` or `-`")]
    Name(String),
    /// Two operators share a name or a key, so the audit log could not tell them apart.
    #[error("two operators have the same name or the same key")]
    Twice,
}

fn of(name: Option<&String>) -> String {
    name.map(|name| format!(" (that of {name} has not)")).unwrap_or_default()
}

/// One operator's key.
#[derive(Clone)]
pub struct OperatorKey {
    name: Option<String>,
    digest: Vec<u8>,
    id: Vec<u8>,
    sessions: hmac::Key,
}

impl OperatorKey {
    /// The key of the operator with this name, or of the unnamed one.
    ///
    /// # Errors
    /// See [`OperatorKeyError`].
    pub fn new(name: Option<&str>, key: &Secret) -> Result<Self, OperatorKeyError> {
        if let Some(name) = name.filter(|name| !is_name(name)) {
            return Err(OperatorKeyError::Name(name.to_owned()));
        }
        let name = name.map(ToOwned::to_owned);
        if is_guessable(key.expose()) {
            return Err(OperatorKeyError::Guessable { name });
        }
        let proof = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
        let derived = |label: &str| hmac::sign(&proof, label.as_bytes()).as_ref().to_vec();
        Ok(Self {
            name,
            digest: sha256(key.expose().as_bytes()),
            id: derived("paylink operator: id of the key"),
            sessions: hmac::Key::new(hmac::HMAC_SHA256, &derived("paylink operator: console sessions")),
        })
    }

    /// The operator in the audit log.
    #[must_use]
    pub fn actor(&self) -> String {
        self.name.as_ref().map_or_else(|| OPERATOR.to_owned(), |name| format!("{OPERATOR}:{name}"))
    }

    /// The operator's name, if there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A stand-in for the key where the key itself must not be stored.
    pub(crate) fn id(&self) -> &[u8] {
        &self.id
    }

    /// The hash by which a session of this key is found.
    pub(crate) fn session_hash(&self, token: &str) -> Vec<u8> {
        hmac::sign(&self.sessions, token.as_bytes()).as_ref().to_vec()
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorKey({})", self.actor())
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&character);
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(is_part)
}

fn is_guessable(key: &str) -> bool {
    let mut different: Vec<char> = key.chars().collect();
    let length = different.len();
    different.sort_unstable();
    different.dedup();
    length < SHORTEST || different.len() < FEWEST_CHARACTERS
}

/// The keys of all operators. Without any there are no admin calls.
#[derive(Debug, Clone, Default)]
pub struct OperatorKeys(Vec<OperatorKey>);

impl OperatorKeys {
    /// Checks and collects keys.
    ///
    /// # Errors
    /// Returns [`OperatorKeyError::Twice`] if two share a name or a key.
    pub fn new(keys: Vec<OperatorKey>) -> Result<Self, OperatorKeyError> {
        let same = |one: &OperatorKey, other: &OperatorKey| one.name == other.name || one.digest == other.digest;
        let is_twice = |(at, key): (usize, &OperatorKey)| keys[..at].iter().any(|before| same(before, key));
        if keys.iter().enumerate().any(is_twice) { Err(OperatorKeyError::Twice) } else { Ok(Self(keys)) }
    }

    /// The operator whose key this is. Compares hashes of one length, so the time taken reveals nothing about a key.
    #[must_use]
    pub fn find(&self, presented: &str) -> Option<&OperatorKey> {
        let digest = sha256(presented.as_bytes());
        self.iter().find(|key| key.digest == digest)
    }

    /// Iterates over the keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &OperatorKey> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::random_secret;

    fn key(name: Option<&str>) -> OperatorKey {
        OperatorKey::new(name, &random_secret("op_").unwrap()).unwrap()
    }

    #[test]
    fn a_key_that_could_be_guessed_is_refused() {
        for guessable in ["", "op_short", &"a".repeat(64), &"password".repeat(8), "0123456789012345678901234567890"] {
            let refused = OperatorKey::new(Some("alice"), &Secret::new(guessable)).unwrap_err();
            assert_eq!(refused, OperatorKeyError::Guessable { name: Some("alice".to_owned()) }, "{guessable}");
            assert!(refused.to_string().contains("secrets generate") && refused.to_string().contains("alice"));
        }
        for random in ["9f86d081884c7d659a2feaa0c55ad015", domain::Vault::generate_key().unwrap().expose()] {
            assert!(OperatorKey::new(None, &Secret::new(random)).is_ok());
        }
    }

    #[test]
    fn an_operator_is_found_by_the_key_and_called_by_the_name() {
        let secret = random_secret("op_").unwrap();
        let alice = OperatorKey::new(Some("alice"), &secret).unwrap();
        let all = OperatorKeys::new(vec![key(None), alice, key(Some("bob"))]).unwrap();
        assert_eq!(all.find(secret.expose()).map(OperatorKey::actor).as_deref(), Some("operator:alice"));
        assert!(all.find("op_").is_none() && OperatorKeys::default().find("").is_none());
        assert_eq!(key(None).actor(), "operator");
        for name in ["", "al ice", "a:b", "a\n", &"a".repeat(41)] {
            assert_eq!(OperatorKey::new(Some(name), &secret).unwrap_err(), OperatorKeyError::Name(name.to_owned()));
        }
    }

    #[test]
    fn two_operators_are_two() {
        let secret = random_secret("op_").unwrap();
        let same_key = ["alice", "bob"].map(|name| OperatorKey::new(Some(name), &secret).unwrap());
        let same_name = [key(Some("alice")), key(Some("alice"))];
        for twice in [same_key, same_name] {
            assert_eq!(OperatorKeys::new(twice.to_vec()).unwrap_err(), OperatorKeyError::Twice);
        }
    }

    #[test]
    fn nothing_of_a_key_prints() {
        let secret = random_secret("op_").unwrap();
        let key = OperatorKey::new(Some("alice"), &secret).unwrap();
        assert_eq!(format!("{key:?}"), "OperatorKey(operator:alice)");
    }
}
