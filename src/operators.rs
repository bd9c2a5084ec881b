//! The operators' keys from the settings: `operator_key`, which has no name, and `operator_keys`, each with a name for
//! the audit log.

use domain::Secret;
use entity::operator::{OperatorKey, OperatorKeyError, OperatorKeys};

use crate::{
    data_dir::{DataDir, OPERATOR_KEY},
    error::Error,
    settings::Settings,
};

impl Settings {
    /// Whether the settings have any operator key. If not, `paylink up` generates and keeps one.
    pub(crate) fn has_operator(&self) -> bool {
        self.operator_key.is_some() || !self.operator_keys.is_empty()
    }
}

/// The key without a name: the setting or, if there is no operator key in the settings, the one kept by `paylink up`.
pub(crate) fn unnamed_key(settings: &Settings, data: &DataDir) -> Result<Option<Secret>, Error> {
    if settings.has_operator() { Ok(settings.operator_key.clone()) } else { data.secret(OPERATOR_KEY) }
}

/// All operator keys.
pub(crate) fn operators(settings: &Settings, unnamed: Option<&Secret>) -> Result<OperatorKeys, Error> {
    let refused = |setting| move |error: OperatorKeyError| Error::Setting { setting, reason: error.to_string() };
    let unnamed = unnamed.map(|key| OperatorKey::new(None, key)).transpose().map_err(refused("operator_key"))?;
    let named = settings.operator_keys.iter().map(|(name, key)| OperatorKey::new(Some(name), key));
    let mut keys: Vec<OperatorKey> = named.collect::<Result<_, _>>().map_err(refused("operator_keys"))?;
    keys.extend(unnamed);
    OperatorKeys::new(keys).map_err(refused("operator_keys"))
}
