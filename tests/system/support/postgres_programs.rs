//! The programs of PostgreSQL, and the user that they run as.

use std::{
    env, fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Command,
};

use nix::unistd::{Uid, User};

/// Where `initdb` and `postgres` are: the newest of Debian's versions, or else those in the path.
pub(super) fn binaries() -> PathBuf {
    let mut debian: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path()).collect();
    debian.sort_by_key(|version| version.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let debian = debian.iter().rev().map(|version| version.join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let whole = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let found = debian.chain(env::split_paths(&path)).find(whole);
    found.expect("PostgreSQL is needed for these tests: apt-get install postgresql")
}

/// One of its programs.
pub(crate) fn postgres_program(name: &str) -> Command {
    Command::new(binaries().join(name))
}

pub(super) fn is_given_to_the_server(path: &Path) {
    if let Some(owner) = somebody_else() {
        chown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
    }
}

/// The user to run the server as, since it refuses to run as root.
pub(super) fn somebody_else() -> Option<User> {
    let known = |name| User::from_name(name).unwrap();
    Uid::effective().is_root().then(|| known("postgres").or_else(|| known("nobody")).unwrap())
}
