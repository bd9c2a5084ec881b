//! The snapshot of the database that a backup is made from. It lies unsealed in the data directory, only as long as it
//! is needed. Leftovers of killed backups are removed by the next backup and by `paylink up`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use entity::Db;
use sea_orm::ConnectionTrait;

use crate::{
    data_dir::{DataDir, Lock},
    error::Error,
};

/// Ensures that only one backup is made at a time, and removes leftovers.
pub(super) fn take_turn(data: &DataDir) -> Result<Lock, Error> {
    let turn = data.take_turn()?.ok_or_else(|| Error::Refused("another backup is being made".to_owned()))?;
    remove(data.folder(), |_| true)?;
    Ok(turn)
}

/// Removes leftovers of killed backups, unless a backup is running. Failures are logged and do not prevent a start.
pub(crate) fn clear(data: &DataDir) {
    let cleared = match data.take_turn() {
        Ok(Some(_turn)) => remove(data.folder(), |_| true),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = cleared {
        tracing::warn!(error = error.with_sources(), "what a backup has left in the data directory cannot be removed");
    }
}

/// Removes the snapshots made by the selected processes, and their journals.
fn remove(folder: &Path, is_of: impl Fn(&str) -> bool) -> Result<(), Error> {
    let failed = || Error::io(format!("{} cannot be tidied", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if entry.file_name().to_str().and_then(process_of).is_some_and(&is_of) {
            fs::remove_file(entry.path()).map_err(failed())?;
        }
    }
    Ok(())
}

/// The process that made a snapshot or journal: the number in `backup-….db…`.
fn process_of(name: &str) -> Option<&str> {
    let (process, _) = name.strip_prefix("backup-")?.split_once(".db")?;
    (!process.is_empty() && process.bytes().all(|digit| digit.is_ascii_digit())).then_some(process)
}

/// A snapshot of the database in the data directory, removed on drop.
pub(super) struct Snapshot {
    folder: PathBuf,
    process: String,
}

impl Snapshot {
    /// Takes a consistent snapshot while others write. Raw SQL: `VACUUM` is not a query.
    pub(super) async fn take(data: &DataDir, db: &Db) -> Result<Self, Error> {
        let snapshot = Self { folder: data.folder().to_owned(), process: std::process::id().to_string() };
        let path = snapshot.path().display().to_string().replace('\'', "''");
        db.pool().execute_unprepared(&format!("VACUUM INTO '{path}'")).await?;
        Ok(snapshot)
    }

    /// The path of the snapshot.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(format!("backup-{}.db", self.process))
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _ = remove(&self.folder, |process| process == self.process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_backup_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = ["backup-12.db", "backup-12.db-journal", "backup-7.db-wal"];
        let kept = ["backup-of-mine.db", "backup-.db", "paylink.db", "backup-12.txt", "my-backup-12.db"];
        for name in left.iter().chain(&kept) {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        remove(folder.path(), |process| process == "7").unwrap();
        assert!(!folder.path().join(left[2]).exists() && folder.path().join(left[0]).exists());
        remove(folder.path(), |_| true).unwrap();
        assert_eq!(left.map(|name| folder.path().join(name).exists()), [false; 3]);
        assert_eq!(kept.map(|name| folder.path().join(name).exists()), [true; 5]);
    }
}
