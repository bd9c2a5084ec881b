//! Remains of uploads whose process was killed. The store writes to `….pdf#1` and renames the file when it is complete;
//! it does not list unfinished ones.

use std::{fs, io, path::Path, time::SystemTime};

/// Deletes such files under a folder that were not written since `cutoff`. Returns how many.
pub(super) fn remove_before(folder: &Path, cutoff: SystemTime) -> io::Result<usize> {
    let (mut removed, mut folders) = (0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if is_part(&entry.file_name().to_string_lossy()) && entry.metadata()?.modified()? < cutoff {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn is_part(name: &str) -> bool {
    let number = name.rsplit_once('#').map_or("", |(_, number)| number);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}
