//! Why a command fails, worded for the person who typed it.

use std::{error::Error as StdError, io};

/// Why a command fails.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it means to whoever typed the command")]
pub enum Error {
    #[error("the settings cannot be used")]
    Settings(#[from] config::ConfigError),
    #[error("{setting}: {reason}")]
    Setting { setting: &'static str, reason: String },
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("the data directory {0} is in use by another paylink")]
    DataDirInUse(String),
    #[error("neither redis-server nor valkey-server could be started; install one, or set PAYLINK_REDIS_URL")]
    NoRedisServer(#[source] io::Error),
    #[error("the private Redis did not come up; its log is beside its data")]
    RedisDidNotStart,
    #[error("the database failed")]
    Db(#[from] sea_orm::DbErr),
    #[error("database_url: {place} cannot be opened")]
    NoDatabase {
        place: String,
        #[source]
        source: sea_orm::DbErr,
    },
    #[error("Redis cannot be used")]
    Redis(#[from] queue::redis::QueueError),
    #[error(transparent)]
    Document(#[from] entity::documents::DocumentError),
    #[error(transparent)]
    Seal(#[from] crate::backup::sealed::SealError),
    #[error("the document store cannot be used")]
    Store(#[from] object_store::Error),
    #[error(transparent)]
    Vault(#[from] domain::VaultError),
    #[error(transparent)]
    Connect(#[from] entity::stripe_integration::ConnectError),
    #[error(transparent)]
    Installation(#[from] entity::installation::RootError),
    #[error(transparent)]
    Reseal(#[from] entity::reseal::ResealError),
    #[error(transparent)]
    Credits(#[from] entity::credits::CreditError),
    #[error("the workers failed")]
    Worker(#[source] Box<dyn StdError + Send + Sync>),
    #[error(transparent)]
    JobContext(#[from] worker::ContextError),
    #[error(transparent)]
    Scheduler(#[from] scheduler::SchedulerError),
    #[error(transparent)]
    Calendar(#[from] scheduler::CalendarError),
    #[error("the sandbox cannot be started")]
    Sandbox(#[from] sandbox::SandboxError),
    #[error("spans cannot be exported")]
    Export(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("no HTTP client could be made")]
    HttpClient(#[source] reqwest::Error),
    #[error("nothing can be counted")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    #[error("the demo could not be set up")]
    Demo(#[source] reqwest::Error),
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// Adds what was being done to an I/O error.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// The whole chain of errors in one line.
    #[must_use]
    pub fn with_sources(&self) -> String {
        domain::with_sources(self)
    }
}
