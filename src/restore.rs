//! `paylink restore`: makes an installation of a backup, and has nothing happen twice that happened after it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args as ClapArgs};
use entity::{
    Db, change, message,
    pause::{self, Subject},
    restoration,
};
use queue::{EnqueueOptions, Kind, RecoverStripeLinks, enqueue};

use crate::{
    backup::{ABOUT, About, DATABASE, DOCUMENT, archive::ArchiveReader, backup_key, sealed::SealError},
    data_dir::{DataDir, OPERATOR_KEY, SECRET_KEY},
    database::open_database,
    documents::open_documents,
    error::Error,
    migrate,
    settings::Settings,
};

/// The longest of what is not the database or a document.
const SMALL: u64 = 64 * 1024;
/// The longest document.
const DOCUMENT_SIZE: u64 = 64 * 1024 * 1024;

/// What from.
#[derive(ClapArgs)]
#[command(group = ArgGroup::new("from").required(true))]
pub(crate) struct Args {
    /// The file that `paylink backup` has written. The data directory must hold no database.
    #[arg(group = "from")]
    file: Option<PathBuf>,
    /// The database was restored by its own tools, to this time (RFC 3339): only has nothing happen twice that happened since.
    #[arg(long, group = "from")]
    restored_to: Option<DateTime<Utc>>,
}

/// Runs the sub-command. Nothing else may run.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<(), Error> {
    let at = match (&args.file, args.restored_to) {
        (Some(file), _) => unpack(settings, file).await?,
        (None, Some(at)) => at,
        (None, None) => return Ok(()),
    };
    migrate::run(settings).await?;
    let db = open_database(settings).await?;
    hold(&db, at).await
}

/// Puts everything in its place, the database last: before the whole file was read and found to be as it was written, there is none.
async fn unpack(settings: &Settings, file: &Path) -> Result<DateTime<Utc>, Error> {
    let key = backup_key(settings)?;
    if settings.database_url.as_deref().is_some_and(|url| !url.starts_with("sqlite:")) {
        return Err(Error::Refused(
            "a backup is restored to SQLite; `paylink move --to postgres://…` takes it to PostgreSQL then".to_owned(),
        ));
    }
    let data = DataDir::new(&settings.data_dir)?;
    data.create()?;
    let _lock = data.lock()?;
    let database = place_of(settings, &data);
    if database.exists() {
        return Err(Error::Refused(format!("there is a database at {}: move it away first", database.display())));
    }
    let documents = open_documents(settings, &data).await?;
    let mut archive = ArchiveReader::open(file, key).await?;
    let fresh = database.with_extension("restoring");
    let mut about: Option<About> = None;
    while let Some(entry) = archive.next().await? {
        match entry.name.as_str() {
            ABOUT => about = serde_json::from_slice(&archive.content(&entry, SMALL).await?).ok(),
            SECRET_KEY => keep_key(settings, &data, &text(archive.content(&entry, SMALL).await?)?)?,
            OPERATOR_KEY => data.keep(OPERATOR_KEY, &text(archive.content(&entry, SMALL).await?)?)?,
            DATABASE => {
                let mut out = tokio::fs::File::create(&fresh).await.map_err(cannot_write(&fresh))?;
                archive.copy_to(&entry, &mut out).await?;
                out.sync_all().await.map_err(cannot_write(&fresh))?;
            }
            name => match name.strip_prefix(DOCUMENT) {
                Some(name) => documents.put(name, archive.content(&entry, DOCUMENT_SIZE).await?.into()).await?,
                None => {
                    return Err(Error::Refused(format!("the backup holds {name}, which this version does not know")));
                }
            },
        }
    }
    let about = about.ok_or(SealError::NoBackup)?;
    // A log of the database that was here before would be taken for the new one's.
    for log in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{log}", database.display()));
    }
    fs::rename(&fresh, &database).map_err(cannot_write(&database))?;
    println!("restored as of {}, made by version {}", about.at, about.version);
    Ok(about.at)
}

fn place_of(settings: &Settings, data: &DataDir) -> PathBuf {
    let url = settings.database_url.clone().unwrap_or_else(|| data.database_url());
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    PathBuf::from(path.split('?').next().unwrap_or(path))
}

/// The key that opens what the database holds: the settings', or the data directory's from now on.
fn keep_key(settings: &Settings, data: &DataDir, key: &str) -> Result<(), Error> {
    match &settings.secret_key {
        None => data.keep(SECRET_KEY, key),
        Some(set) if set.expose() == key => Ok(()),
        Some(_) => Err(Error::Setting {
            setting: "secret_key",
            reason: "is another than the one that the backup was made under: unset it, and it is taken from the backup"
                .to_owned(),
        }),
    }
}

/// Whatever was under way may have happened since: texts wait for the carrier's record or for a person, reminders for an operator, and
/// Stripe is asked what it knows and we do not.
async fn hold(db: &Db, restored_to: DateTime<Utc>) -> Result<(), Error> {
    let now = db.now().await?;
    if restored_to > now {
        return Err(Error::Refused(format!("{restored_to} is yet to come: it is {now} by the database")));
    }
    let tx = db.begin().await?;
    restoration::record(&tx, restored_to, now).await?;
    let texts = message::hold_unsent(&tx, now).await?;
    // Whoever has read changes since must not take other ones for them.
    change::begin_anew(&tx).await?;
    let why = format!("restored to {restored_to}: reminders may have been sent since");
    pause::put(&tx, &Subject::Kind(Kind::Remind.as_str().to_owned()), &why, now).await?;
    let why = format!("restored to {restored_to}: receipts may have been sent since");
    pause::put(&tx, &Subject::Kind(Kind::TellBuyer.as_str().to_owned()), &why, now).await?;
    let mut asked = 0;
    for merchant in entity::merchant::ids(&tx).await? {
        if entity::stripe_integration::find(&tx, merchant).await?.is_some() {
            let job = RecoverStripeLinks { merchant, made_since: restored_to };
            // Redis is notified by the scheduler, from the rows.
            let once = EnqueueOptions::for_merchant(merchant).unique(format!("recover:{merchant}:{restored_to}"));
            let _unnotified = enqueue(&tx, &job, once, now).await?;
            asked += 1;
        }
    }
    tx.commit().await?;
    println!(
        "{texts} texts that were under way wait for the carrier's record, and after a day for a person (paylink messages list --status unknown)"
    );
    println!("reminders are paused; once you have seen that none went out since: paylink jobs resume --kind remind");
    println!("so are receipts and what is told of voids: paylink jobs resume --kind tell_buyer");
    println!("{asked} merchants' Stripe accounts are asked for links that were made since");
    Ok(())
}

fn text(bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| SealError::Closed.into())
}

fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    Error::io(format!("{} cannot be written", path.display()))
}
