//! The setting `operator_keys`.

use std::collections::BTreeMap;

use domain::Secret;
use serde::{Deserialize, Deserializer, de::Error as _};

/// Keys by name: a table in the file, or one text `name=key,name=key`, as in a variable.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedKeys(BTreeMap<String, Secret>);

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenKeys {
    Table(BTreeMap<String, Secret>),
    Text(Secret),
}

impl<'de> Deserialize<'de> for NamedKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match WrittenKeys::deserialize(deserializer) {
            Ok(WrittenKeys::Table(keys)) => return Ok(Self(keys)),
            Ok(WrittenKeys::Text(text)) => text,
            // serde's message would quote the value, which may be a key.
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

impl NamedKeys {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, key)| (name.as_str(), key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALICE: &str = "op_Qm9yaW5nIGlzIHRoZSBiZXN0IGtleQ";
    const BOB: &str = "u4Zk0mB7o1n2b3v4c5x6z7L8k9j0h1g2=";

    fn names(keys: &NamedKeys) -> Vec<(&str, &str)> {
        keys.iter().map(|(name, key)| (name, key.expose())).collect()
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
