//! `paylink restore`: restores an installation from a backup, without repeating what has happened since.

mod hold;

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args as ClapArgs};
use domain::{Clock, Secret, Vault};
use entity::{
    Db, Documents,
    installation::{self, RootError},
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use self::hold::hold;
use crate::{
    backup::{ABOUT, DATABASE, DOCUMENT, Manifest, archive::ArchiveReader, backup_key, sealed::SealError},
    data_dir::{DataDir, OPERATOR_KEY, SECRET_KEY, sync_folder_of},
    database::{check_schema, connect_database, open_database},
    documents::open_documents,
    error::Error,
    migrate,
    role::Role,
    settings::Settings,
};

/// The size limit of entries other than the database and documents.
const SMALL: u64 = 64 * 1024;
/// The size limit of a document.
const DOCUMENT_SIZE: u64 = 64 * 1024 * 1024;

/// What to restore.
#[derive(ClapArgs)]
#[command(group = ArgGroup::new("from").required(true))]
pub(crate) struct Args {
    /// The file written by `paylink backup`. The data directory must not hold a database.
    #[arg(group = "from")]
    file: Option<PathBuf>,
    /// The database was restored with its own tools, to this time (RFC 3339): only makes sure that nothing is repeated.
    #[arg(long, group = "from")]
    restored_to: Option<DateTime<Utc>>,
}

/// Runs the sub-command. Nothing else may run meanwhile.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<(), Error> {
    match (&args.file, args.restored_to) {
        (Some(file), _) => Box::pin(unpack(settings, file)).await,
        (None, Some(at)) => {
            let db = connect_database(settings).await?;
            let data = DataDir::new(&settings.data_dir)?;
            let _lock = if db.has_one_writer() { Some(data.lock()?) } else { None };
            refuse_what_runs(&db).await?;
            migrate::run(settings).await?;
            hold(&open_database(settings).await?, at).await?.print();
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

/// Puts everything in its place, the database last. It appears only after the whole file was read and verified and
/// everything that could be repeated is held, so that an earlier failure leaves nothing that could run.
async fn unpack(settings: &Settings, file: &Path) -> Result<(), Error> {
    let key = backup_key(settings)?;
    if settings.database_url.as_deref().is_some_and(|url| !url.starts_with("sqlite:")) {
        return Err(Error::Refused(
            "a backup is restored to SQLite; `paylink move --to postgres://…` takes it to PostgreSQL then".to_owned(),
        ));
    }
    let data = DataDir::new(&settings.data_dir)?;
    data.create()?;
    let _lock = data.lock()?;
    let database = std::path::absolute(place_of(settings, &data)).map_err(Error::io("the database has no path"))?;
    refuse_what_is_there(&database)?;
    let fresh = Fresh::beside(&database);
    let documents = open_documents(settings, &data).await?;
    let Unpacked { about, secret, operator } = read(file, key, &fresh, &documents).await?;
    let db = Db::open(&format!("sqlite://{}?mode=rw", fresh.0.display()), 2).await?;
    let kept = key_for(settings, &data, &db, &secret).await?;
    migrate::bring_up_to_date(&db).await?;
    check_schema(&db).await?;
    let held = hold(&db, about.at).await?;
    db.close_into_file().await?;
    refuse_what_is_there(&database)?;
    if let Some(secret) = kept {
        data.keep(SECRET_KEY, secret.expose())?;
    }
    if let Some(operator) = operator {
        data.keep(OPERATOR_KEY, &operator)?;
    }
    fs::rename(&fresh.0, &database).map_err(cannot_write(&database))?;
    sync_folder_of(&database).map_err(cannot_write(&database))?;
    println!("restored as of {}, made by version {}", about.at, about.version);
    held.print();
    Ok(())
}

/// Refuses while a role of ours is connected to PostgreSQL: it may have sent again by now what is to be held.
///
/// Raw SQL: it queries the activity of the server.
async fn refuse_what_runs(db: &Db) -> Result<(), Error> {
    if db.has_one_writer() {
        return Ok(());
    }
    let roles = [Role::Up, Role::Api, Role::Worker, Role::Scheduler].map(|role| format!("'{}'", role.application()));
    let question = format!(
        "SELECT string_agg(DISTINCT application_name, ', ') AS roles FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name IN ({})",
        roles.join(", ")
    );
    let row = db.pool().query_one_raw(Statement::from_string(DbBackend::Postgres, question)).await?;
    match row.map(|row| row.try_get::<Option<String>>("", "roles")).transpose()?.flatten() {
        None => Ok(()),
        Some(roles) => Err(Error::Refused(format!(
            "{roles} is connected to this database: stop every role first, since a worker sends again what was sent after that time. \
             (A pooler's idle connections keep the names of those that had them: have it reconnect.)"
        ))),
    }
}

/// The contents of a backup besides the database and documents.
struct Unpacked {
    about: Manifest,
    secret: Secret,
    operator: Option<String>,
}

/// Reads the whole file: documents go to the store, where nothing refers to them yet, the database to a temporary
/// place, and keys stay in memory.
async fn read(file: &Path, key: &Secret, fresh: &Fresh, documents: &Documents) -> Result<Unpacked, Error> {
    let mut archive = ArchiveReader::open(file, key).await?;
    let (mut about, mut secret, mut operator) = (None::<Manifest>, None, None);
    while let Some(entry) = archive.next().await? {
        match entry.name.as_str() {
            ABOUT => {
                about = serde_json::from_slice(&archive.content(&entry, SMALL).await?).ok();
                if let Some(about) = &about {
                    refuse_what_is_to_come(about.at, Clock::system().now())?;
                }
            }
            SECRET_KEY => secret = Some(Secret::new(text(archive.content(&entry, SMALL).await?)?)),
            OPERATOR_KEY => operator = Some(text(archive.content(&entry, SMALL).await?)?),
            DATABASE => {
                let mut out = tokio::fs::File::create(&fresh.0).await.map_err(cannot_write(&fresh.0))?;
                archive.copy_to(&entry, &mut out).await?;
                out.sync_all().await.map_err(cannot_write(&fresh.0))?;
            }
            name => match name.strip_prefix(DOCUMENT) {
                Some(name) => documents.put(name, archive.content(&entry, DOCUMENT_SIZE).await?.into()).await?,
                None => {
                    return Err(Error::Refused(format!("the backup holds {name}, which this version does not know")));
                }
            },
        }
    }
    let (Some(about), Some(secret)) = (about, secret) else { return Err(SealError::NoBackup.into()) };
    Ok(Unpacked { about, secret, operator })
}

/// A database that is not in place yet. It is removed on drop unless it was moved into place.
struct Fresh(PathBuf);

impl Fresh {
    /// Replaces what an interrupted restore has left.
    fn beside(database: &Path) -> Self {
        let fresh = Self(database.with_extension("restoring"));
        fresh.remove();
        fresh
    }

    fn remove(&self) {
        for path in files_of(&self.0) {
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A database and the files that SQLite keeps next to it. The latest writes may be only in the log.
fn files_of(database: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|ending| PathBuf::from(format!("{}{ending}", database.display())))
}

/// Refuses to overwrite any file of an existing database: even a log alone may hold the latest writes.
fn refuse_what_is_there(database: &Path) -> Result<(), Error> {
    let there: Vec<String> = files_of(database)
        .iter()
        .filter(|path| fs::symlink_metadata(path).is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "there is a database at {}: move it away first, with its -wal and -shm ({})",
        database.display(),
        there.join(", ")
    )))
}

fn place_of(settings: &Settings, data: &DataDir) -> PathBuf {
    let url = settings.database_url.clone().unwrap_or_else(|| data.database_url());
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    PathBuf::from(path.split('?').next().unwrap_or(path))
}

/// The key to keep in the data directory: the backup's, unless the settings have one. Earlier versions could include a
/// key that does not open the database; then the settings' key must.
async fn key_for(settings: &Settings, data: &DataDir, db: &Db, secret: &Secret) -> Result<Option<Secret>, Error> {
    let other = |reason: &str| Err(Error::Setting { setting: "secret_key", reason: reason.to_owned() });
    let set = settings.secret_key.as_ref();
    if let Err(error) = installation::opens(db.pool(), &Vault::new(secret)?).await {
        let RootError::Vault(_) = error else { return Err(error.into()) };
        let Some(set) = set else {
            return other(
                "the one in the backup does not open its database, which was sealed under another by then: set PAYLINK_SECRET_KEY to that",
            );
        };
        installation::opens(db.pool(), &Vault::new(set)?).await?;
        return Ok(None);
    }
    match (set, data.secret(SECRET_KEY)?) {
        (Some(set), _) if set.expose() == secret.expose() => Ok(None),
        (Some(_), _) => {
            other("is another than the one that the backup was made under: unset it, and it is taken from the backup")
        }
        (None, Some(kept)) if kept.expose() != secret.expose() => Err(Error::Refused(format!(
            "{} holds another key than the backup, and may be all that opens another database: move it away first",
            data.file(SECRET_KEY).display()
        ))),
        (None, _) => Ok(Some(secret.clone())),
    }
}

/// Refuses a restore to a future time. The clock must be wrong, and it decides what may have happened since.
fn refuse_what_is_to_come(restored_to: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Error> {
    if restored_to > now {
        return Err(Error::Refused(format!("{restored_to} is yet to come: it is {now} by the database")));
    }
    Ok(())
}

fn text(bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| SealError::Closed.into())
}

fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    Error::io(format!("{} cannot be written", path.display()))
}
