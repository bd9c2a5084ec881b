//! The data directory: what `paylink up` creates once and keeps, and how other sub-commands find the running system.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use domain::Secret;
use nix::sys::stat::{Mode, umask};

use crate::error::Error;

/// The file in the data directory that holds the key of the vault.
pub(crate) const SECRET_KEY: &str = "secret.key";
/// The file in the data directory that holds the operator's key.
pub(crate) const OPERATOR_KEY: &str = "operator.key";
/// The file in the data directory that says where the private Redis is.
pub(crate) const REDIS_URL: &str = "redis.url";
/// The file that `paylink up` holds.
const LOCK: &str = "lock";

/// Who is not the owner: nothing here is theirs to read.
const OTHERS: u32 = 0o077;

/// Has every file that is made from now on, by us or by a child, be its owner's alone: the database's logs and Redis' too.
pub(crate) fn make_files_private() {
    umask(Mode::from_bits_truncate(OTHERS));
}

/// The data directory.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// Held for as long as a process has the directory for itself.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock is the open file")] File);

impl DataDir {
    /// The directory, which need not exist yet.
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        std::path::absolute(path).map(Self).map_err(Error::io("the data directory has no path"))
    }

    /// Makes the directory, readable by its owner only; so is made what was in it before.
    pub(crate) fn create(&self) -> Result<(), Error> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(Error::io(format!("{} cannot be made", self.0.display())))?;
        if let Err(error) = close_to_others(&self.0) {
            // A volume may be such that its files are somebody else's, or have no owner at all.
            tracing::warn!(%error, folder = %self.0.display(), "the data directory cannot be closed to others");
        }
        Ok(())
    }

    /// Whether `paylink up` has ever run here: then what it keeps here is what is meant where nothing is set.
    fn is_in_use(&self) -> bool {
        self.file(LOCK).exists()
    }

    /// Refuses to take a default that only `paylink up` can mean: roles apart would each keep what others are to find.
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

    /// Takes the directory for this process.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        let path = self.file(LOCK);
        let file = File::create(&path).map_err(Error::io(format!("{} cannot be made", path.display())))?;
        file.try_lock().map_err(|_| Error::DataDirInUse(self.0.display().to_string()))?;
        Ok(Lock(file))
    }

    /// Takes the turn of those that may work beside `paylink up`, one at a time; `None` if another has it. No file is made for it, which
    /// would be of whoever came first.
    pub(crate) fn take_turn(&self) -> Result<Option<Lock>, Error> {
        let failed = || Error::io(format!("{} cannot be locked", self.0.display()));
        let folder = File::open(&self.0).map_err(failed())?;
        match folder.try_lock() {
            Ok(()) => Ok(Some(Lock(folder))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed()(error)),
        }
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The `SQLite` database in it.
    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.file("paylink.db").display())
    }

    /// The folder of documents in it, which is made if need be.
    pub(crate) fn documents(&self) -> Result<PathBuf, Error> {
        let path = self.file("documents");
        fs::create_dir_all(&path).map_err(Error::io(format!("{} cannot be made", path.display())))?;
        Ok(path)
    }

    /// A secret that is kept in it, if it is there.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<Secret>, Error> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Secret::new(text.trim()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(format!("{} cannot be read", path.display()))(error)),
        }
    }

    /// Keeps a text in it, whole or not at all, readable by its owner only. What it says already needs no room on the disk.
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

    /// The secret of that name, made now if it is not there.
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

/// Has the disk keep which files there are in a folder.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Takes a folder and what is in it from everybody but its owner. A folder in it that others cannot enter is not looked into:
/// there may be many documents.
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
