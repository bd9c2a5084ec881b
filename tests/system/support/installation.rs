//! One installation: its data directory, and the settings that all of its processes and roles share.

use std::{
    env, fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use super::database::Database;

/// The binary of this version.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_paylink");

/// The file in the data directory with the variables set by a test, one per line.
pub(crate) const ENVIRONMENT: &str = "environment";

/// The same for variables that are always set.
pub(crate) const USUAL: &str = "environment.usual";

/// The variables of an installation; those set by a test come last.
pub(crate) fn variables(database: &Database, data_dir: &Path, port: u16) -> Vec<(String, String)> {
    let mut variables = vec![
        ("PAYLINK_DATA_DIR".to_owned(), data_dir.display().to_string()),
        ("PAYLINK_LISTEN".to_owned(), format!("127.0.0.1:{port}")),
    ];
    if let Database::Postgresql { url } = database {
        variables.push(("PAYLINK_DATABASE_URL".to_owned(), url.clone()));
    }
    for file in [USUAL, ENVIRONMENT] {
        let set = fs::read_to_string(data_dir.join(file)).unwrap_or_default();
        let pairs = set.lines().filter_map(|line| line.split_once('='));
        variables.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    variables
}

/// The binary with only the settings of this installation.
pub(crate) fn command(database: &Database, data_dir: &Path, port: u16) -> Command {
    command_of(Path::new(PROGRAM), database, data_dir, port)
}

/// The same with another version's binary.
pub(crate) fn command_of(program: &Path, database: &Database, data_dir: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PAYLINK_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").current_dir(data_dir).stdin(Stdio::null());
    command.envs(variables(database, data_dir, port));
    command
}

/// An unused port. It is below the range that the kernel assigns, so that it is still free after a restart.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
