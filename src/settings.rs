//! Settings: `paylink.example.toml` is compiled in as the defaults, overridden by a TOML file, then by `PAYLINK_*`
//! variables.

mod check;
mod urls;

use std::{
    collections::HashMap,
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ::api::{CreditSales, Quotas};
use ::scheduler::{TICKS, Tick, Times};
use ::worker::{Concurrency, OutboundLimits};
use config::{Config, ConfigError, Environment, File, FileFormat, FileSourceFile};
use domain::{CreditPack, Secret};
use entity::{DbLimits, message::UndeliveredCredits};
use ipnet::IpNet;
use queue::{Kind, UnknownKind, flow::Rate};
use serde::Deserialize;

use crate::{
    error::Error,
    known_settings::{KnownSettings, former_name},
    listed::{self, CorsOrigin},
    named_keys::NamedKeys,
};

pub(crate) use urls::is_on_this_machine;

/// The documented defaults.
const DEFAULTS: &str = include_str!("../paylink.example.toml");

/// The default settings file.
const FILE: &str = "paylink.toml";

/// The unit of size settings.
const MIB: u64 = 1024 * 1024;

/// All settings. Each is documented in `paylink.example.toml`.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    #[serde(deserialize_with = "listed::read")]
    pub(crate) trusted_proxies: Vec<IpNet>,
    #[serde(deserialize_with = "listed::read")]
    pub(crate) cors_origins: Vec<CorsOrigin>,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<String>,
    pub(crate) database_connections: u32,
    database_statement_seconds: u64,
    database_lock_seconds: u64,
    database_idle_in_transaction_seconds: u64,
    pub(crate) redis_url: Option<String>,
    pub(crate) redis_prefix: String,
    pub(crate) redis_ca_file: Option<PathBuf>,
    pub(crate) redis_cert_file: Option<PathBuf>,
    pub(crate) redis_key_file: Option<PathBuf>,
    pub(crate) store_url: Option<String>,
    pub(crate) secret_key: Option<Secret>,
    #[serde(default, deserialize_with = "separated")]
    pub(crate) previous_secret_keys: Vec<Secret>,
    pub(crate) backup_key: Option<Secret>,
    pub(crate) operator_key: Option<Secret>,
    #[serde(default)]
    pub(crate) operator_keys: NamedKeys,
    pub(crate) stripe_api_base: String,
    pub(crate) sms_api_base: String,
    pub(crate) sms_http_allow_private: bool,
    pub(crate) webhooks_allow_private: bool,
    pub(crate) undelivered_credits: UndeliveredCredits,
    pub(crate) concurrency: usize,
    #[serde(default)]
    concurrency_by_kind: HashMap<String, usize>,
    pub(crate) limits: LimitSettings,
    pub(crate) requests_per_second: u32,
    quotas: QuotaSettings,
    pub(crate) credit_sales: CreditSalesSettings,
    pub(crate) lease_seconds: u64,
    pub(crate) stop_grace_seconds: u64,
    pub(crate) stop_within_seconds: u64,
    pub(crate) job_retention_days: i64,
    pub(crate) log_format: LogFormat,
    pub(crate) otlp_endpoint: Option<String>,
    pub(crate) scheduler: SchedulerSettings,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Rate limits of external services, in calls per second.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LimitSettings {
    stripe_calls_per_second: u32,
    texts_per_second: u32,
}

/// Limits per merchant.
#[derive(Debug, Clone, Deserialize)]
struct QuotaSettings {
    texts_per_day: u64,
    orders_mib_per_day: u64,
    webhooks_mib_per_day: u64,
    stored_mib: u64,
    queued_jobs: u64,
}

/// How merchants buy credits.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CreditSalesSettings {
    #[serde(deserialize_with = "listed::read")]
    pub(crate) packs: Vec<CreditPack>,
    pub(crate) stripe_key: Option<Secret>,
    #[serde(deserialize_with = "separated")]
    pub(crate) webhook_secrets: Vec<Secret>,
}

/// When ticks are due.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SchedulerSettings {
    time_zone: String,
    pub(crate) doctor_links: u64,
    /// The cron expression of each tick by name, read from the other settings of this section.
    #[serde(skip)]
    crons: HashMap<&'static str, String>,
}

/// Splits secrets at commas or spaces, so that a variable can hold several.
fn separated<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let separators = [',', ' ', '\n'];
    Ok(text.split(separators).filter(|part| !part.is_empty()).map(Secret::new).collect())
}

impl Settings {
    /// Loads the settings from the defaults, a file and the process's `PAYLINK_*` variables. A named file must exist;
    /// the default file need not.
    ///
    /// # Errors
    /// Returns an error if a setting is invalid or unknown.
    pub fn load(named: Option<&Path>) -> Result<Self, Error> {
        let file = File::from(named.unwrap_or(Path::new(FILE))).format(FileFormat::Toml).required(named.is_some());
        Self::read(Some(file), std::env::vars_os())
    }

    /// Loads the settings from the defaults and these `PAYLINK_*` variables only.
    ///
    /// # Errors
    /// Returns an error if a setting is invalid or unknown.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        Self::read(None, variables.into_iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn read(
        file: Option<File<FileSourceFile, FileFormat>>,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Error> {
        let known = KnownSettings::documented_in(DEFAULTS);
        let mut sources = Config::builder();
        for tick in TICKS {
            sources = sources.set_default(cron_setting(*tick), tick.cron)?;
        }
        sources = sources.add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(file) = file {
            known.check_file(&file)?;
            sources = sources.add_source(file);
        }
        let ours = Environment::with_prefix("PAYLINK").prefix_separator("_").separator("__").ignore_empty(true);
        let all = sources.add_source(ours.source(Some(known.variables(variables)?))).build()?;
        let cron = |tick: &Tick| Ok((tick.name, cron_of(&all, *tick)?));
        let crons = TICKS.iter().map(cron).collect::<Result<_, ConfigError>>()?;
        let mut settings: Self = all.try_deserialize()?;
        settings.scheduler.crons = crons;
        settings.check()
    }

    /// How many jobs of each kind one process runs at once.
    pub(crate) fn concurrency(&self) -> Result<Concurrency, Error> {
        let refused = |reason: String| Error::Setting { setting: "concurrency_by_kind", reason };
        let read = |(name, slots): (&String, &usize)| {
            let kind: Kind = name.parse().map_err(|error: UnknownKind| refused(error.to_string()))?;
            if *slots == 0 { Err(refused(format!("{kind} must be at least 1"))) } else { Ok((kind, *slots)) }
        };
        let named = self.concurrency_by_kind.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Concurrency { each: self.concurrency, named })
    }

    /// Timeouts in the database.
    pub(crate) const fn database_limits(&self) -> DbLimits {
        DbLimits {
            statement: Duration::from_secs(self.database_statement_seconds),
            lock: Duration::from_secs(self.database_lock_seconds),
            idle_in_transaction: Duration::from_secs(self.database_idle_in_transaction_seconds),
        }
    }

    /// Rate limits of external services.
    pub(crate) fn limits(&self) -> OutboundLimits {
        OutboundLimits {
            stripe: Rate::per_second(self.limits.stripe_calls_per_second),
            texts: Rate::per_second(self.limits.texts_per_second),
        }
    }

    /// Limits per merchant.
    pub(crate) const fn quotas(&self) -> Quotas {
        let QuotaSettings { texts_per_day, orders_mib_per_day, webhooks_mib_per_day, stored_mib, queued_jobs } =
            self.quotas;
        Quotas {
            texts_per_day,
            order_bytes_per_day: orders_mib_per_day.saturating_mul(MIB),
            webhook_bytes_per_day: webhooks_mib_per_day.saturating_mul(MIB),
            stored_bytes: stored_mib.saturating_mul(MIB),
            queued_jobs,
        }
    }

    /// The credit packs for sale.
    pub(crate) fn credit_sales(&self) -> CreditSales {
        let CreditSalesSettings { packs, webhook_secrets, .. } = &self.credit_sales;
        CreditSales { packs: packs.clone(), webhook_secrets: webhook_secrets.clone() }
    }

    /// When each tick is due.
    pub(crate) fn times(&self) -> Result<Times, Error> {
        let expression = |tick: Tick| self.scheduler.crons.get(tick.name).map_or(tick.cron, String::as_str).to_owned();
        Ok(Times::parse(expression, &self.scheduler.time_zone)?)
    }
}

/// A tick's cron expression. A former name of the setting applies unless the current name is set.
fn cron_of(all: &Config, tick: Tick) -> Result<String, ConfigError> {
    let setting = cron_setting(tick);
    let expression = all.get_string(&setting)?;
    let former = former_name(&setting).and_then(|former| all.get_string(former).ok());
    Ok(former.filter(|_| expression == tick.cron).unwrap_or(expression))
}

/// The setting for a tick's schedule.
fn cron_setting(tick: Tick) -> String {
    format!("scheduler.{}", tick.name)
}

#[cfg(test)]
mod tests;
