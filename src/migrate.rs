//! `paylink migrate`.

use migration::{Migrate, Migrator};

use crate::{error::Error, parts::open_database, settings::Settings};

/// Brings the database's schema up to date.
pub(crate) async fn run(settings: &Settings) -> Result<(), Error> {
    let db = open_database(settings).await?;
    Migrator::up(db.pool(), None).await?;
    Ok(())
}
