//! The operators' keys, from the settings: `operator_key`, whose holder has no name, and `operator_keys`, each with a name for the audit
//! log.

use std::collections::BTreeMap;

use domain::Secret;
use entity::operator::{OperatorKey, OperatorKeyError, OperatorKeys};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{data_dir::DataDir, error::Error, parts::OPERATOR_KEY, settings::Settings};

/// Keys by name: a table in the file, or one text `name=key,name=key`, as a variable must be.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedKeys(BTreeMap<String, Secret>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Table(BTreeMap<String, Secret>),
    Text(Secret),
}

impl<'de> Deserialize<'de> for NamedKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Written::deserialize(deserializer) {
            Ok(Written::Table(keys)) => return Ok(Self(keys)),
            Ok(Written::Text(text)) => text,
            // serde would say what it found, which may be a key.
            Err(_) => return Err(D::Error::custom("operator_keys must be a table of keys, or name=key,name=key")),
        };
        let mut keys = BTreeMap::new();
        for part in text.expose().split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let named = part.split_once('=').map(|(name, key)| (name.trim().to_owned(), Secret::new(key.trim())));
            let (name, key) = named.ok_or_else(|| D::Error::custom("operator_keys must be name=key,name=key"))?;
            if keys.insert(name, key).is_some() {
                return Err(D::Error::custom("operator_keys has one name twice"));
            }
        }
        Ok(Self(keys))
    }
}

impl Settings {
    /// Whether they name an operator at all; if not, `paylink up` makes a key and keeps it.
    pub(crate) fn has_operator(&self) -> bool {
        self.operator_key.is_some() || !self.operator_keys.0.is_empty()
    }
}

/// The key without a name: the setting's or, if the settings name no operator at all, the one that `paylink up` keeps.
pub(crate) fn unnamed_key(settings: &Settings, data: &DataDir) -> Result<Option<Secret>, Error> {
    if settings.has_operator() { Ok(settings.operator_key.clone()) } else { data.secret(OPERATOR_KEY) }
}

/// All of them.
pub(crate) fn operators(settings: &Settings, unnamed: Option<&Secret>) -> Result<OperatorKeys, Error> {
    let refused = |setting| move |error: OperatorKeyError| Error::Setting { setting, reason: error.to_string() };
    let unnamed = unnamed.map(|key| OperatorKey::new(None, key)).transpose().map_err(refused("operator_key"))?;
    let named = settings.operator_keys.0.iter().map(|(name, key)| OperatorKey::new(Some(name), key));
    let mut keys: Vec<OperatorKey> = named.collect::<Result<_, _>>().map_err(refused("operator_keys"))?;
    keys.extend(unnamed);
    OperatorKeys::new(keys).map_err(refused("operator_keys"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALICE: &str = "op_Qm9yaW5nIGlzIHRoZSBiZXN0IGtleQ";
    const BOB: &str = "u4Zk0mB7o1n2b3v4c5x6z7L8k9j0h1g2=";

    fn names(keys: &NamedKeys) -> Vec<(&str, &str)> {
        keys.0.iter().map(|(name, key)| (name.as_str(), key.expose())).collect()
    }

    #[test]
    fn named_keys_are_a_table_or_one_text() {
        let wanted = [("alice", ALICE), ("bob", BOB)];
        let table: NamedKeys = serde_json::from_value(json!({"alice": ALICE, "bob": BOB})).unwrap();
        assert_eq!(names(&table), wanted);
        let text: NamedKeys = serde_json::from_value(json!(format!("alice={ALICE}, bob={BOB},"))).unwrap();
        assert_eq!(names(&text), wanted);
    }

    #[test]
    fn what_is_wrong_with_them_is_told_without_them() {
        for wrong in
            [json!(ALICE), json!([ALICE]), json!(format!("alice={ALICE},alice={BOB}")), json!({"alice": [ALICE]})]
        {
            let refused = serde_json::from_value::<NamedKeys>(wrong).unwrap_err().to_string();
            assert!(refused.contains("operator_keys") && !refused.contains("op_"), "{refused}");
        }
    }
}
