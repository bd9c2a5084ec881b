//! The database that the settings name.

use entity::Db;
use migration::Schema;

use crate::{data_dir::DataDir, error::Error, settings::Settings};

/// Opens the database, if this version can run on its schema.
pub(crate) async fn open_database(settings: &Settings) -> Result<Db, Error> {
    let db = connect_database(settings).await?;
    check_schema(&db).await?;
    Ok(db)
}

/// Opens the database, whatever its schema.
pub(crate) async fn connect_database(settings: &Settings) -> Result<Db, Error> {
    let url = if let Some(url) = &settings.database_url {
        url.clone()
    } else {
        let data = DataDir::new(&settings.data_dir)?;
        data.refuse_a_guess("database_url")?;
        data.database_url()
    };
    Ok(Db::open(&url, settings.database_connections).await?)
}

/// Refuses a database whose schema this version cannot run on, with what is to be done.
async fn check_schema(db: &Db) -> Result<(), Error> {
    match Schema::of(db.pool()).await? {
        Schema::Usable => Ok(()),
        Schema::TooOld(missing) => Err(Error::Refused(format!(
            "the database's schema is older than this version, {} steps are missing: run `paylink migrate`",
            missing.len()
        ))),
        Schema::TooNew(step) => Err(Error::Refused(format!(
            "the database's schema is newer than this version ({step}): run the version that made it, or a later one"
        ))),
    }
}
