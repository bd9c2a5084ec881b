//! `paylink backup`: a consistent snapshot of an installation on SQLite, in one sealed file.

pub(crate) mod archive;
pub(crate) mod leftovers;
pub(crate) mod sealed;
mod target;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args as ClapArgs;
use domain::{Secret, Vault};
use entity::{
    Db, Documents,
    documents::DocumentError,
    installation::{self, RootError},
    reseal,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde::{Deserialize, Serialize};
use tokio::{
    fs::File,
    io::BufWriter,
    signal::unix::{SignalKind, signal},
};

use crate::{
    data_dir::{DataDir, OPERATOR_KEY, SECRET_KEY},
    database::open_database,
    documents::open_documents,
    error::Error,
    output::counted,
    parts::secret_key,
    settings::Settings,
};
use archive::Archive;
use leftovers::Snapshot;
use target::PartFile;

/// The names of a backup's entries, apart from documents.
pub(crate) const ABOUT: &str = "about";
pub(crate) const DATABASE: &str = "database";
/// Prefix of documents' names.
pub(crate) const DOCUMENT: &str = "document/";

/// Where to write the backup.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The file to write; it must not exist.
    file: PathBuf,
    /// Leave out the documents, where the store is backed up separately.
    #[arg(long)]
    without_documents: bool,
}

/// A backup's metadata.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The version that made it.
    pub(crate) version: String,
    /// The time of the snapshot.
    pub(crate) at: DateTime<Utc>,
}

/// The key that backups are sealed with; without it none is made or read.
pub(crate) fn backup_key(settings: &Settings) -> Result<&Secret, Error> {
    settings.backup_key.as_ref().ok_or(Error::Setting {
        setting: "backup_key",
        reason: "is not set, and a backup holds all secrets: set PAYLINK_BACKUP_KEY to what `paylink secrets generate` prints, and keep \
                 it apart from the backups"
            .to_owned(),
    })
}

/// Runs the sub-command. If interrupted, it removes what it has written.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<(), Error> {
    let unheard = || Error::io("signals cannot be heard");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard())?;
    let stopped = || Err(Error::Refused("the backup was stopped, and nothing is left of it".to_owned()));
    tokio::select! {
        made = Box::pin(make(settings, args)) => made,
        _ = interrupt.recv() => stopped(),
        _ = terminate.recv() => stopped(),
    }
}

async fn make(settings: &Settings, args: &Args) -> Result<(), Error> {
    let key = backup_key(settings)?;
    let data = DataDir::new(&settings.data_dir)?;
    let db = open_database(settings).await?;
    if !db.has_one_writer() {
        return Err(Error::Refused(
            "PostgreSQL is backed up by its own tools, and the store by its own: see docs/backups.md".to_owned(),
        ));
    }
    target::refuse_what_is_there(&args.file)?;
    data.create()?;
    let _turn = leftovers::take_turn(&data)?;
    let secret = secret_key(settings, &data)?;
    opens_by_itself(&db, &secret).await?;
    target::refuse_without_room(data.folder(), &args.file, size_of(&db).await?)?;
    let documents = if args.without_documents { None } else { Some(open_documents(settings, &data).await?) };
    let at = db.now().await?;
    let snapshot = Snapshot::take(&data, &db).await?;
    // The key may have been rotated in the meantime, and the snapshot sealed with the new one.
    opens_by_itself(&db, &secret).await?;
    let (part, out) = PartFile::begin(&args.file)?;
    let copy = snapshot.path();
    let content = BackupContents { secret: &secret, data: &data, snapshot: &copy, documents: documents.as_ref(), at };
    let (count, missing) = write(out, key, &content).await?;
    drop(snapshot);
    part.becomes_whole()?;
    let documents = counted(count, "document", "documents");
    println!("{}: the database as of {at}, and {documents}", args.file.display());
    if missing > 0 {
        let erased = counted(missing, "document was erased", "documents were erased");
        println!("{erased} meanwhile, and in no backup");
    }
    Ok(())
}

/// Checks that this key alone opens the database; otherwise the backup would be useless.
async fn opens_by_itself(db: &Db, secret: &Secret) -> Result<(), Error> {
    let vault = Vault::new(secret)?;
    match installation::opens(db.pool(), &vault).await {
        Ok(()) => {}
        Err(RootError::Vault(_)) => {
            return Err(Error::Setting {
                setting: "secret_key",
                reason: "does not open this installation, so that the backup would be of no use: set PAYLINK_SECRET_KEY as it is set for \
                         whoever runs here; if it was changed lately, run `paylink secrets rotate`"
                    .to_owned(),
            });
        }
        Err(error) => return Err(error.into()),
    }
    let others = reseal::sealed_otherwise(db, &vault).await?;
    if others > 0 {
        return Err(Error::Refused(format!(
            "{others} secrets of merchants are sealed under a previous key, which is in no backup: run `paylink secrets rotate` first"
        )));
    }
    Ok(())
}

/// The size of the database without free pages. Raw SQL: SQLite reports it through pragmas.
async fn size_of(db: &Db) -> Result<u64, Error> {
    let question = "SELECT (pages.page_count - free.freelist_count) * size.page_size AS size \
                    FROM pragma_page_count pages, pragma_freelist_count free, pragma_page_size size";
    let row = db.pool().query_one_raw(Statement::from_string(DbBackend::Sqlite, question)).await?;
    let size = row.map(|row| row.try_get::<i64>("", "size")).transpose()?.unwrap_or_default();
    Ok(u64::try_from(size).unwrap_or_default())
}

struct BackupContents<'a> {
    secret: &'a Secret,
    data: &'a DataDir,
    snapshot: &'a Path,
    documents: Option<&'a Documents>,
    at: DateTime<Utc>,
}

/// Writes the database first, then the documents. Every document that the snapshot refers to existed at that time, so a
/// missing one has been erased since. Returns how many documents were written and how many were missing.
async fn write(out: std::fs::File, key: &Secret, content: &BackupContents<'_>) -> Result<(u64, u64), Error> {
    let mut archive = Archive::begin(BufWriter::new(File::from_std(out)), key).await?;
    let about = Manifest { version: env!("CARGO_PKG_VERSION").to_owned(), at: content.at };
    archive.add(ABOUT, serde_json::to_string(&about).unwrap_or_default().as_bytes()).await?;
    archive.add(SECRET_KEY, content.secret.expose().as_bytes()).await?;
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
