//! What a role is given besides its settings.

use std::{env, path::PathBuf};

use domain::Clock;

use crate::{error::Error, stop::Stop};

/// What a role is given besides its settings. By default nothing stops it, it uses the database's time, and it runs in
/// the `paylink` program.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Tells it to stop.
    pub stop: Stop,
    /// Its clock; `None` means the database's time.
    pub clock: Option<Clock>,
    /// The path of the `paylink` program, for starting child processes; `None` means the current program.
    pub program: Option<PathBuf>,
}

impl Surroundings {
    /// The `paylink` program.
    pub(crate) fn program(&self) -> Result<PathBuf, Error> {
        match &self.program {
            Some(program) => Ok(program.clone()),
            // This is the running program, even after an upgrade has replaced the file.
            None if cfg!(target_os = "linux") => Ok(PathBuf::from("/proc/self/exe")),
            None => env::current_exe().map_err(Error::io("the path of this program cannot be told")),
        }
    }
}
