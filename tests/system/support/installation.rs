//! One installation: its data directory, and the settings that all of its processes and roles share.

use std::{
    env, fs,
    net::TcpListener,
    ops::Range,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
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

/// The ports that tests use: below the range that the kernel assigns, so that one is still free after a restart.
const PORTS: Range<u16> = 20_000..32_000;

/// How many of them a process of tests takes at a time.
const BLOCK: u16 = 100;

/// An unused port, which no other run of the tests on this machine is given.
pub(crate) fn free_port() -> u16 {
    static OURS: Mutex<(Vec<UnixListener>, Range<u16>)> = Mutex::new((Vec::new(), 0..0));
    let mut ours = OURS.lock().unwrap();
    loop {
        for port in ours.1.by_ref() {
            if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return port;
            }
        }
        let (mark, block) = free_block();
        ours.0.push(mark);
        ours.1 = block;
    }
}

/// A block of ports that no other process has. Its mark has a name but no file: it goes with this process, however that
/// ends.
fn free_block() -> (UnixListener, Range<u16>) {
    let marked = |first: u16| {
        let name = SocketAddr::from_abstract_name(format!("paylink-tests-{first}")).unwrap();
        UnixListener::bind_addr(&name).ok().map(|mark| (mark, first..first + BLOCK))
    };
    PORTS.step_by(BLOCK.into()).find_map(marked).expect("ports that no other run of the tests has")
}
