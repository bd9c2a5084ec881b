//! The data directory: what `paylink up` creates and keeps, and where other sub-commands find the running system.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use domain::Secret;
use nix::sys::stat::{Mode, umask};

use crate::error::Error;

/// The file that holds the vault's key.
pub(crate) const SECRET_KEY: &str = "secret.key";
/// The file that holds the operator's key.
pub(crate) const OPERATOR_KEY: &str = "operator.key";
/// The file that holds the private Redis' URL.
pub(crate) const REDIS_URL: &str = "redis.url";
/// The file that `paylink up` locks.
const LOCK: &str = "lock";

/// The permission bits of everyone but the owner.
const OTHERS: u32 = 0o077;

/// Makes all files created from now on private to their owner, including those of child processes, such as the logs of
/// the database and of Redis.
pub(crate) fn make_files_private() {
    umask(Mode::from_bits_truncate(OTHERS));
}

/// The data directory.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// Exclusive use of the directory, while held.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock is the open file")] File);

impl DataDir {
    /// The directory, which need not exist yet.
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        std::path::absolute(path).map(Self).map_err(Error::io("the data directory has no path"))
    }

    /// Creates the directory, readable only by its owner, and makes existing contents private.
    pub(crate) fn create(&self) -> Result<(), Error> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(Error::io(format!("{} cannot be made", self.0.display())))?;
        if let Err(error) = close_to_others(&self.0) {
            // On some volumes files have another owner, or none.
            tracing::warn!(%error, folder = %self.0.display(), "the data directory cannot be closed to others");
        }
        Ok(())
    }

    /// Whether `paylink up` has ever run here, so that its files are meant by unset settings.
    fn is_in_use(&self) -> bool {
        self.file(LOCK).exists()
    }

    /// Refuses a default that makes sense only with `paylink up`: separate roles would each keep what they should
    /// share.
    pub(crate) fn refuse_a_guess(&self, setting: &'static str) -> Result<(), Error> {
        if self.is_in_use() {
            return Ok(());
        }
        let reason = format!(
            "is not set, and no `paylink up` has run in the data directory; processes that run apart have to be told what they share: set \
             PAYLINK_{}",
            setting.to_uppercase()
        );
        Err(Error::Setting { setting, reason })
    }

    /// Locks the directory for this process.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        let path = self.file(LOCK);
        let file = File::create(&path).map_err(Error::io(format!("{} cannot be made", path.display())))?;
        file.try_lock().map_err(|_| Error::DataDirInUse(self.0.display().to_string()))?;
        Ok(Lock(file))
    }

    /// Takes the lock of commands that may run next to `paylink up`, one at a time. Returns `None` if another holds it.
    /// The lock is on the folder, because a lock file would belong to whichever user came first.
    pub(crate) fn take_turn(&self) -> Result<Option<Lock>, Error> {
        let failed = || Error::io(format!("{} cannot be locked", self.0.display()));
        let folder = File::open(&self.0).map_err(failed())?;
        match folder.try_lock() {
            Ok(()) => Ok(Some(Lock(folder))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed()(error)),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// The path of a file in the directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The URL of the SQLite database in the directory.
    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.file("paylink.db").display())
    }

    /// The folder of documents in the directory, created if necessary.
    pub(crate) fn documents(&self) -> Result<PathBuf, Error> {
        let path = self.file("documents");
        fs::create_dir_all(&path).map_err(Error::io(format!("{} cannot be made", path.display())))?;
        Ok(path)
    }

    /// A secret stored in the directory, if it exists.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<Secret>, Error> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Secret::new(text.trim()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(format!("{} cannot be read", path.display()))(error)),
        }
    }

    /// Writes a file atomically, readable only by its owner. Does nothing if the file has this text already, so that a
    /// full disk does not matter.
    pub(crate) fn keep(&self, name: &str, text: &str) -> Result<(), Error> {
        if fs::read_to_string(self.file(name)).is_ok_and(|kept| kept == text) {
            return Ok(());
        }
        let (path, fresh) = (self.file(name), self.file(&format!("{name}.new")));
        let write = || {
            let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write().map_err(Error::io(format!("{} cannot be written", path.display())))
    }

    /// A stored secret, generated if it does not exist.
    pub(crate) fn secret_or_make(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Secret, domain::VaultError>,
    ) -> Result<Secret, Error> {
        if let Some(secret) = self.secret(name)? {
            return Ok(secret);
        }
        let secret = make()?;
        self.keep(name, secret.expose())?;
        Ok(secret)
    }
}

/// Syncs the folder of a file, so that a new or renamed file survives a crash.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Makes a folder and its contents private to the owner. Subfolders that are already private are skipped, since they
/// may hold many documents.
fn close_to_others(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, about) = (entry.path(), entry.metadata()?);
        let is_open = about.permissions().mode() & OTHERS != 0;
        if about.is_dir() && is_open {
            close_to_others(&path)?;
        } else if about.is_file() && is_open {
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        }
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_was_open_to_others_is_closed() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("data");
        let (documents, key) = (folder.join("documents/invoices"), folder.join("secret.key"));
        fs::create_dir_all(&documents).unwrap();
        let files = [key, folder.join("paylink.db"), documents.join("link.pdf"), outside.path().join("elsewhere")];
        for file in &files {
            fs::write(file, "x").unwrap();
            fs::set_permissions(file, Permissions::from_mode(0o664)).unwrap();
        }
        std::os::unix::fs::symlink(&files[3], folder.join("link")).unwrap();
        let folders = [folder.clone(), folder.join("documents"), documents];
        for folder in &folders {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }

        DataDir::new(&folder).unwrap().create().unwrap();

        assert_eq!(folders.map(|folder| mode(&folder)), [0o700; 3]);
        assert_eq!(files.map(|file| mode(&file)), [0o600, 0o600, 0o600, 0o664]);
    }
}
