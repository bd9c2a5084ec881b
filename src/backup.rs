//! `paylink backup`: all that an installation on `SQLite` is, as it is at one moment, in one sealed file.

pub(crate) mod archive;
pub(crate) mod sealed;

use std::{
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use clap::Args as ClapArgs;
use domain::Secret;
use entity::{Db, Documents, documents::DocumentError};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use tokio::{fs::File, io::BufWriter};

use crate::{
    data_dir::{DataDir, OPERATOR_KEY, SECRET_KEY},
    database::open_database,
    documents::open_documents,
    error::Error,
    parts::secret_key,
    settings::Settings,
};
use archive::Archive;

/// The names of what a backup holds, beside documents.
pub(crate) const ABOUT: &str = "about";
pub(crate) const DATABASE: &str = "database";
/// What the names of documents begin with.
pub(crate) const DOCUMENT: &str = "document/";

/// Where to.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The file to write; it must not be there.
    file: PathBuf,
    /// Leave out the documents, where the store is backed up by itself.
    #[arg(long)]
    without_documents: bool,
}

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct About {
    /// The version that made it.
    pub(crate) version: String,
    /// As of when it is.
    pub(crate) at: DateTime<Utc>,
}

/// The key of backups, without which none is made or read.
pub(crate) fn backup_key(settings: &Settings) -> Result<&Secret, Error> {
    settings.backup_key.as_ref().ok_or(Error::Setting {
        setting: "backup_key",
        reason: "is not set, and a backup holds all secrets: set PAYLINK_BACKUP_KEY to what `paylink secrets generate` prints, and keep \
                 it apart from the backups"
            .to_owned(),
    })
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<(), Error> {
    let key = backup_key(settings)?;
    let data = DataDir::new(&settings.data_dir)?;
    let db = open_database(settings).await?;
    if !db.has_one_writer() {
        return Err(Error::Refused(
            "PostgreSQL is backed up by its own tools, and the store by its own: see docs/backups.md".to_owned(),
        ));
    }
    let documents = if args.without_documents { None } else { Some(open_documents(settings, &data).await?) };
    let snapshot = Snapshot(data.file(&format!("backup-{}.db", std::process::id())));
    let at = db.now().await?;
    snapshot.take(&db).await?;
    // What is there is somebody's backup, and stays.
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.file);
    let out = made.map_err(Error::io(format!("{} cannot be made", args.file.display())))?;
    let content = Content { settings, data: &data, snapshot: &snapshot.0, documents: documents.as_ref(), at };
    let written = write(out, key, &content).await;
    if written.is_err() {
        let _ = std::fs::remove_file(&args.file);
    }
    let (count, missing) = written?;
    println!("{}: the database as of {at}, and {count} documents", args.file.display());
    if missing > 0 {
        println!("{missing} documents were erased meanwhile, and are in no backup");
    }
    Ok(())
}

/// A copy of the database in the data directory, which goes when it is not needed any more.
struct Snapshot(PathBuf);

impl Snapshot {
    /// As the database is at one moment, while others write.
    async fn take(&self, db: &Db) -> Result<(), Error> {
        let path = self.0.display().to_string().replace('\'', "''");
        db.pool().execute_unprepared(&format!("VACUUM INTO '{path}'")).await?;
        Ok(())
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What goes into a backup.
struct Content<'a> {
    settings: &'a Settings,
    data: &'a DataDir,
    snapshot: &'a Path,
    documents: Option<&'a Documents>,
    at: DateTime<Utc>,
}

/// Documents come after the database: whatever it names was there then, unless it was erased since. Answers how many there are, and how many
/// were erased.
async fn write(out: std::fs::File, key: &Secret, content: &Content<'_>) -> Result<(u64, u64), Error> {
    let mut archive = Archive::begin(BufWriter::new(File::from_std(out)), key).await?;
    let about = About { version: env!("CARGO_PKG_VERSION").to_owned(), at: content.at };
    archive.add(ABOUT, serde_json::to_string(&about).unwrap_or_default().as_bytes()).await?;
    archive.add(SECRET_KEY, secret_key(content.settings, content.data)?.expose().as_bytes()).await?;
    if let Some(operator) = content.data.secret(OPERATOR_KEY)? {
        archive.add(OPERATOR_KEY, operator.expose().as_bytes()).await?;
    }
    archive.add_file(DATABASE, content.snapshot).await?;
    let (mut count, mut missing) = (0, 0);
    if let Some(documents) = content.documents {
        for name in documents.names().await? {
            match documents.get(&name).await {
                Ok(document) => {
                    archive.add(&format!("{DOCUMENT}{name}"), &document).await?;
                    count += 1;
                }
                Err(DocumentError::Missing) => missing += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
    let out = archive.end().await?.into_inner();
    out.sync_all().await.map_err(Error::io("the backup cannot be written"))?;
    Ok((count, missing))
}
