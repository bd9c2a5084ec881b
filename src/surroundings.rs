//! What a role is given besides its settings.

use std::{env, path::PathBuf};

use domain::Clock;

use crate::{error::Error, stop::Stop};

/// What a role is given beside its settings: by default nobody tells it to stop, its time is the database's, and it is run by the
/// `paylink` program.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Tells it to stop.
    pub stop: Stop,
    /// The time that it takes for now; absent, the database's.
    pub clock: Option<Clock>,
    /// Where the `paylink` program is, for what needs a process of its own; absent, this process runs it.
    pub program: Option<PathBuf>,
}

impl Surroundings {
    /// The `paylink` program.
    pub(crate) fn program(&self) -> Result<PathBuf, Error> {
        match &self.program {
            Some(program) => Ok(program.clone()),
            // It is the program that runs, also after an upgrade has put another one in its place.
            None if cfg!(target_os = "linux") => Ok(PathBuf::from("/proc/self/exe")),
            None => env::current_exe().map_err(Error::io("the path of this program cannot be told")),
        }
    }
}
