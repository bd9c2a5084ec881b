//! The file of a backup. It has a temporary name until it is complete, and never replaces another file.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use nix::sys::statvfs::statvfs;

use crate::{data_dir::sync_folder_of, error::Error};

/// An incomplete backup. It is removed on drop unless it was completed.
pub(super) struct PartFile<'a> {
    path: PathBuf,
    target: &'a Path,
}

impl<'a> PartFile<'a> {
    /// Creates the file, replacing what a killed backup of the same name has left.
    pub(super) fn begin(target: &'a Path) -> Result<(Self, File), Error> {
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let _ = fs::remove_file(&path);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = made.map_err(Error::io(format!("{} cannot be made", path.display())))?;
        Ok((Self { path, target }, file))
    }

    /// Gives the complete file its name and syncs the folder.
    pub(super) fn becomes_whole(self) -> Result<(), Error> {
        refuse_what_is_there(self.target)?;
        let named = match fs::hard_link(&self.path, self.target) {
            // The file system has no hard links. The name was free a moment ago.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(&self.path, self.target),
            named => named,
        };
        named
            .and_then(|()| sync_folder_of(self.target))
            .map_err(Error::io(format!("{} cannot be made", self.target.display())))
    }
}

impl Drop for PartFile<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Refuses to replace an existing file, which may be a backup.
pub(super) fn refuse_what_is_there(target: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(format!("{} cannot be made", target.display()))(error)),
        Ok(_) => Err(Error::Refused(format!("{} is there already, and stays as it is", target.display()))),
    }
}

/// Checks that the disks have room for a snapshot of a database of this size and for the backup.
pub(super) fn refuse_without_room(data: &Path, target: &Path, size: u64) -> Result<(), Error> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (here, there) = (Disk::of(data)?, Disk::of(folder)?);
    for (place, free, needed) in needs(&here, &there, size) {
        if free < needed {
            let place = if place == 0 { data } else { folder };
            return Err(Error::Refused(format!(
                "the disk of {} has {} MiB of room, and a backup takes {} MiB there: the database is copied first",
                place.display(),
                free / MIB,
                needed.div_ceil(MIB)
            )));
        }
    }
    Ok(())
}

const MIB: u64 = 1024 * 1024;

/// A disk and its free space.
struct Disk {
    device: u64,
    free: u64,
}

impl Disk {
    fn of(folder: &Path) -> Result<Self, Error> {
        let failed = || Error::io(format!("how much room {} has cannot be told", folder.display()));
        let device = fs::metadata(folder).map_err(failed())?.dev();
        let about = statvfs(folder).map_err(|error| failed()(error.into()))?;
        Ok(Self { device, free: about.blocks_available().saturating_mul(about.fragment_size()) })
    }
}

/// The free and the needed space for the data directory and for the backup.
fn needs(here: &Disk, there: &Disk, size: u64) -> [(usize, u64, u64); 2] {
    let both = size.saturating_mul(2);
    let is_one = here.device == there.device;
    [(0, here.free, if is_one { both } else { size }), (1, there.free, if is_one { both } else { size })]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_disk_has_to_hold_the_copy_and_the_backup() {
        let disk = |device, free| Disk { device, free };
        let is_enough =
            |here: &Disk, there: &Disk| needs(here, there, 10).iter().all(|(_, free, needed)| free >= needed);
        assert!(is_enough(&disk(1, 20), &disk(1, 20)) && !is_enough(&disk(1, 19), &disk(1, 19)));
        assert!(is_enough(&disk(1, 10), &disk(2, 10)));
        assert!(!is_enough(&disk(1, 9), &disk(2, 10)) && !is_enough(&disk(1, 10), &disk(2, 9)));
    }

    #[test]
    fn what_no_disk_has_room_for_is_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        assert!(refuse_without_room(folder.path(), &file, 1).is_ok());
        let refused = refuse_without_room(folder.path(), &file, u64::MAX / 2).unwrap_err().to_string();
        assert!(refused.contains("of room"), "{refused}");
    }

    #[test]
    fn a_backup_takes_nobodys_name_and_leaves_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let (file, part) = (folder.path().join("backup"), folder.path().join("backup.part"));
        fs::write(&part, "of one that was killed").unwrap();
        let (begun, _) = PartFile::begin(&file).unwrap();
        assert!(!file.exists());
        fs::write(&file, "another's").unwrap();
        assert!(begun.becomes_whole().unwrap_err().to_string().contains("stays as it is"));
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), part.exists()), ("another's", false));
        fs::remove_file(&file).unwrap();
        let (begun, _) = PartFile::begin(&file).unwrap();
        begun.becomes_whole().unwrap();
        assert!(file.exists() && !part.exists());
    }
}
