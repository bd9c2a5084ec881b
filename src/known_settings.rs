//! The known settings: those that `paylink.example.toml` documents. Anything else is a typo or was removed, and is
//! refused rather than ignored.

use std::{collections::BTreeSet, ffi::OsString};

use config::{Map, Source, Value, ValueKind};
use queue::Kind;

use crate::error::Error;

const PREFIX: &str = "PAYLINK_";

/// How similar two names must be for one to be suggested for the other, from 0 to 1.
const ALIKE: f64 = 0.7;

/// Renamed settings: the former and the current name. Both are accepted.
const RENAMED: [(&str, &str); 1] = [("scheduler.ring", "scheduler.notify")];

/// The former name of a setting.
pub(crate) fn former_name(setting: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(_, now)| *now == setting).map(|(former, _)| *former)
}

/// The names of all settings, such as `listen` and `scheduler.time_zone`.
#[derive(Debug)]
pub(crate) struct KnownSettings(BTreeSet<String>);

impl KnownSettings {
    /// The settings documented in this text, commented out or not.
    pub(crate) fn documented_in(example: &str) -> Self {
        let mut names: BTreeSet<String> =
            Kind::ALL.iter().map(|kind| format!("concurrency_by_kind.{}", kind.as_str())).collect();
        names.extend(RENAMED.iter().map(|(former, _)| (*former).to_owned()));
        let mut section = String::new();
        for line in example.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = format!("{name}.");
            } else if let Some(name) = assigned(line) {
                names.insert(format!("{section}{name}"));
            }
        }
        Self(names)
    }

    /// Checks the names in a settings file.
    ///
    /// # Errors
    /// Returns an error that lists the unknown names, each with the most similar setting.
    pub(crate) fn check_file(&self, file: &impl Source) -> Result<(), Error> {
        let mut names = Vec::new();
        for (name, value) in file.collect()? {
            push_names(name, &value, &mut names);
        }
        let unknown = names.iter().filter(|name| !self.0.contains(*name));
        refuse(unknown.map(|name| (name.clone(), self.nearest(name))))
    }

    /// The settings among these variables.
    ///
    /// # Errors
    /// Returns an error that lists unknown variables with our prefix.
    pub(crate) fn variables(
        &self,
        all: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Map<String, String>, Error> {
        let (mut ours, mut unknown) = (Map::new(), Vec::new());
        for (variable, value) in all {
            let Some(variable) = variable.to_str().filter(|name| name.to_uppercase().starts_with(PREFIX)) else {
                continue;
            };
            let not_text = |_| Error::Refused(format!("{variable} is not UTF-8"));
            let value = value.into_string().map_err(not_text)?;
            if is_of_others(&variable.to_uppercase(), &value) {
                continue;
            }
            let name = variable[PREFIX.len()..].to_lowercase().replace("__", ".");
            if self.0.contains(&name) {
                ours.insert(variable.to_owned(), value);
            } else {
                let nearest =
                    self.nearest(&name).map(|name| format!("{PREFIX}{}", name.replace('.', "__").to_uppercase()));
                unknown.push((variable.to_owned(), nearest));
            }
        }
        refuse(unknown.into_iter())?;
        Ok(ours)
    }

    fn nearest(&self, name: &str) -> Option<String> {
        let alike = |known: &String| strsim::jaro_winkler(known, name);
        let nearest = self.0.iter().max_by(|one, other| alike(one).total_cmp(&alike(other)))?;
        (alike(nearest) > ALIKE).then(|| nearest.clone())
    }
}

/// The name in a line that assigns a value, possibly commented out. Prose does not have this form.
fn assigned(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")?;
    name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_').then_some(name)
}

fn push_names(name: String, value: &Value, names: &mut Vec<String>) {
    if let ValueKind::Table(table) = &value.kind {
        for (inner, value) in table {
            push_names(format!("{name}.{inner}"), value, names);
        }
    } else {
        names.push(name);
    }
}

/// Variables with our prefix that are not settings: those of tests, and those that Kubernetes sets in every container
/// for services whose names begin with `paylink`.
fn is_of_others(variable: &str, value: &str) -> bool {
    let of = |prefix: &str| variable.starts_with(&format!("{PREFIX}{prefix}"));
    let of_a_service = variable.contains("_SERVICE_HOST") || variable.contains("_SERVICE_PORT");
    let of_its_port = variable.contains("_PORT_") || variable.ends_with("_PORT");
    let is_an_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let of_kubernetes = of("SERVICE_") || of("PORT") || of_a_service || (of_its_port && is_an_address);
    of("TEST_") || of_kubernetes || (variable.contains("_TCP_") || variable.contains("_UDP_")) && of_its_port
}

fn refuse(unknown: impl Iterator<Item = (String, Option<String>)>) -> Result<(), Error> {
    let mut told: Vec<String> = unknown
        .map(|(name, nearest)| match nearest {
            Some(nearest) => format!("there is no setting {name}; did you mean {nearest}?"),
            None => format!("there is no setting {name}"),
        })
        .collect();
    told.sort();
    if told.is_empty() { Ok(()) } else { Err(Error::Refused(told.join("; "))) }
}

#[cfg(test)]
mod tests {
    use config::{File, FileFormat};

    use super::*;

    fn known() -> KnownSettings {
        KnownSettings::documented_in(include_str!("../paylink.example.toml"))
    }

    fn variables(variables: &[(&str, &str)]) -> Result<Map<String, String>, Error> {
        known().variables(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn refused(told: &Result<impl std::fmt::Debug, Error>) -> String {
        told.as_ref().unwrap_err().to_string()
    }

    #[test]
    fn what_is_documented_is_known_commented_out_or_not() {
        for name in ["listen", "public_url", "redis_url", "scheduler.time_zone", "limits.texts_per_second"] {
            assert!(known().0.contains(name), "{name}");
        }
        let file = include_str!("../paylink.example.toml");
        known().check_file(&File::from_str(file, FileFormat::Toml)).unwrap();
    }

    #[test]
    fn a_mistyped_key_of_the_file_is_refused_with_the_nearest_name() {
        for (file, told) in [
            ("redis_ulr = 'x'", "there is no setting redis_ulr; did you mean redis_url?"),
            (
                "[scheduler]\ntimezone = 'UTC'",
                "there is no setting scheduler.timezone; did you mean scheduler.time_zone?",
            ),
            ("[concurrency_by_kind]\nsend_smss = 3", "did you mean concurrency_by_kind.send_sms?"),
            ("xyzzy = 1", "there is no setting xyzzy"),
        ] {
            let file = File::from_str(file, FileFormat::Toml);
            assert!(refused(&known().check_file(&file)).contains(told), "{told}");
        }
    }

    #[test]
    fn a_mistyped_variable_is_refused_with_the_nearest_name() {
        let told = refused(&variables(&[("PAYLINK_DATABSE_URL", "x"), ("PATH", "/bin")]));
        assert_eq!(told, "there is no setting PAYLINK_DATABSE_URL; did you mean PAYLINK_DATABASE_URL?");
        let told = refused(&variables(&[("PAYLINK_SCHEDULER_TIME_ZONE", "UTC")]));
        assert!(told.ends_with("did you mean PAYLINK_SCHEDULER__TIME_ZONE?"), "{told}");
        assert!(refused(&variables(&[("PAYLINK_LISTEN_PORT", "8080")])).contains("PAYLINK_LISTEN"));
    }

    #[test]
    fn what_tests_and_kubernetes_set_is_nobodys_mistake() {
        let set = [
            ("PAYLINK_TEST_SECONDS", "3"),
            ("PAYLINK_SERVICE_HOST", "10.0.0.1"),
            ("PAYLINK_SERVICE_PORT_HTTP", "80"),
            ("PAYLINK_PORT", "tcp://10.0.0.1:80"),
            ("PAYLINK_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("PAYLINK_API_SERVICE_HOST", "10.0.0.1"),
            ("PAYLINK_API_PORT", "tcp://10.0.0.1:80"),
            ("PAYLINK_API_PORT_80_TCP_PORT", "80"),
            ("PAYLINK_LISTEN", "127.0.0.1:80"),
        ];
        assert_eq!(variables(&set).unwrap(), Map::from([("PAYLINK_LISTEN".to_owned(), "127.0.0.1:80".to_owned())]));
    }
}
