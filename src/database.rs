//! Opening the database from the settings.

use entity::{Db, DbLimits, DbOptions};
use migration::SchemaState;
use sea_orm::DbErr;
use url::Url;

use crate::{data_dir::DataDir, error::Error, moving::half, output::counted, role::Role, settings::Settings};

/// Opens the database for an operator's command, if this version supports its schema.
pub(crate) async fn open_database(settings: &Settings) -> Result<Db, Error> {
    let db = connect_database(settings).await?;
    check_schema(&db).await?;
    Ok(db)
}

/// Opens the database for a role, if this version supports its schema.
pub(crate) async fn open_database_as(settings: &Settings, role: Role) -> Result<Db, Error> {
    let options = DbOptions {
        connections: settings.database_connections,
        application: role.application().to_owned(),
        limits: if role == Role::Command { DbLimits::default() } else { settings.database_limits() },
    };
    let url = database_url(settings)?;
    let db = Db::open_with(&url, &options).await.map_err(not_opened(&url))?;
    if db.pooling().is_pooled() {
        tracing::info!(found = %db.pooling(), "PostgreSQL is reached through a pooler");
    }
    if !db.is_limited() {
        tracing::warn!(
            "the pooler does not let us set limits for each session: set statement_timeout, lock_timeout and \
             idle_in_transaction_session_timeout for the role in PostgreSQL (ALTER ROLE … SET …)"
        );
    }
    check_schema(&db).await?;
    Ok(db)
}

/// Opens the database, whatever its schema.
pub(crate) async fn connect_database(settings: &Settings) -> Result<Db, Error> {
    // Building an index ahead of its step needs a second connection, which holds the lock.
    let url = database_url(settings)?;
    Db::open(&url, settings.database_connections.max(2)).await.map_err(not_opened(&url))
}

/// Names the setting and the place, without the user and the password.
pub(crate) fn not_opened(url: &str) -> impl FnOnce(DbErr) -> Error {
    let place = match Url::parse(url) {
        Ok(url) if url.has_host() => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
        }
        Ok(url) => format!("{}:{}", url.scheme(), url.path()),
        Err(_) => "what it names".to_owned(),
    };
    move |source| Error::NoDatabase { place, source }
}

/// The database's URL; by default the database in the data directory.
pub(crate) fn database_url(settings: &Settings) -> Result<String, Error> {
    let url = if let Some(url) = &settings.database_url {
        url.clone()
    } else {
        let data = DataDir::new(&settings.data_dir)?;
        data.refuse_a_guess("database_url")?;
        data.database_url()
    };
    Ok(url)
}

/// Refuses a schema that this version does not support, and says what to do.
pub(crate) async fn check_schema(db: &Db) -> Result<(), Error> {
    match SchemaState::of(db.pool()).await? {
        SchemaState::Usable if half::is_under_way(db).await? => Err(Error::Refused(half::HALF.to_owned())),
        SchemaState::Usable => Ok(()),
        SchemaState::TooOld(missing) => Err(Error::Refused(format!(
            "the database's schema is older than this version, {}: run `paylink migrate`",
            counted(missing.len(), "step is missing", "steps are missing")
        ))),
        SchemaState::TooNew(step) => Err(Error::Refused(format!(
            "the database's schema is newer than this version ({step}): run the version that made it, or a later one"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_cannot_be_opened_is_named_without_its_password() {
        for (url, place) in [
            ("postgres://ann:hunter2@db.example:5433/paylink?sslmode=require", "postgres://db.example:5433/paylink"),
            ("postgres://db.example/paylink?password=hunter2", "postgres://db.example/paylink"),
            ("sqlite:///nowhere/paylink.db?mode=rwc", "sqlite:/nowhere/paylink.db"),
            ("hunter2", "what it names"),
        ] {
            let said = not_opened(url)(DbErr::Custom("no".to_owned())).with_sources();
            assert_eq!(said, format!("database_url: {place} cannot be opened: Custom Error: no"));
        }
    }
}
