//! The private Redis of `paylink up`: a child process on a socket in the data directory, with AOF persistence. It is
//! restarted if it ends, and stopped after everything else. It does not listen on TCP, because it has no password.

use std::{
    fs, io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use domain::sha256;
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use queue::redis::RedisQueues;
use tokio::{
    process::{Child, Command},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    data_dir::{DataDir, REDIS_URL},
    error::Error,
};

/// The names under which the server may be installed.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];

/// Timeout of loading its data and of stopping.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The longest path of a Unix socket.
const LONGEST_SOCKET: usize = 100;

/// The running child.
pub(crate) struct RedisChild {
    url: String,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
}

impl RedisChild {
    /// Starts the child and waits until it answers. A child left over from a crash is stopped first; it has persisted
    /// its data.
    pub(crate) async fn start(data: &DataDir) -> Result<Self, Error> {
        let place = ChildPaths::new(data)?;
        let queues = RedisQueues::open(&place.url, "paylink", domain::Clock::system())?;
        place.end_left_over(&queues).await?;
        let child = place.spawn()?;
        if let Err(error) = place.publish(&queues, data).await {
            // Otherwise the child would stay, since it has its own process group.
            end(child).await;
            return Err(error);
        }
        let (stop, told) = oneshot::channel();
        let url = place.url.clone();
        let supervisor = tokio::spawn(supervise(place, child, told));
        Ok(Self { url, stop, supervisor })
    }

    /// The URL of its socket.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops the child and waits until it has written everything.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the private Redis was not stopped well");
        }
    }
}

struct ChildPaths {
    folder: PathBuf,
    pid_file: PathBuf,
    socket: PathBuf,
    url: String,
}

impl ChildPaths {
    fn new(data: &DataDir) -> Result<Self, Error> {
        let folder = data.file("redis");
        fs::create_dir_all(&folder).map_err(Error::io(format!("{} cannot be made", folder.display())))?;
        let (pid_file, socket) = (folder.join("redis.pid"), socket_for(&folder)?);
        let url = format!("redis+unix://{}", socket.display());
        Ok(Self { folder, pid_file, socket, url })
    }

    fn spawn(&self) -> Result<Child, Error> {
        let mut missing = io::Error::from(io::ErrorKind::NotFound);
        for server in SERVERS {
            match self.command(server).spawn() {
                Ok(child) => return Ok(child),
                Err(error) => missing = error,
            }
        }
        Err(Error::NoRedisServer(missing))
    }

    fn command(&self, server: &str) -> Command {
        let mut command = Command::new(server);
        command
            .current_dir(&self.folder)
            // Its own process group, so that Ctrl-C reaches only us. The child is stopped when all jobs are finished.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .args(["--port", "0", "--daemonize", "no", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"])
            .args(["--loglevel", "warning", "--logfile", "redis.log", "--dir", "."])
            .arg("--pidfile")
            .arg(&self.pid_file)
            .arg("--unixsocket")
            .arg(&self.socket)
            .args(["--unixsocketperm", "700"]);
        command
    }

    async fn end_left_over(&self, queues: &RedisQueues) -> Result<(), Error> {
        if !self.socket.exists() || queues.ping().await.is_err() {
            return Ok(());
        }
        let pid = fs::read_to_string(&self.pid_file).ok().and_then(|text| text.trim().parse().ok());
        let Some(pid) = pid.map(Pid::from_raw) else { return Err(Error::RedisDidNotStart) };
        tracing::info!("ending the private Redis that a crash left behind");
        let _ = kill(pid, Signal::SIGTERM);
        let deadline = Instant::now() + TIMEOUT;
        // Signal 0 tests whether the process exists.
        while kill(pid, None).is_ok() {
            if Instant::now() > deadline {
                return Err(Error::RedisDidNotStart);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Waits until it answers, and publishes its URL to other commands.
    async fn publish(&self, queues: &RedisQueues, data: &DataDir) -> Result<(), Error> {
        self.wait_until_it_answers(queues).await?;
        data.keep(REDIS_URL, &self.url)
    }

    async fn wait_until_it_answers(&self, queues: &RedisQueues) -> Result<(), Error> {
        let deadline = Instant::now() + TIMEOUT;
        while queues.ping().await.is_err() {
            if Instant::now() > deadline {
                return Err(Error::RedisDidNotStart);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

/// The socket in this folder or, if the path is too long for a socket, one in a private folder whose name is derived
/// from the path.
fn socket_for(folder: &Path) -> Result<PathBuf, Error> {
    let socket = folder.join("redis.sock");
    if fits(&socket) {
        return Ok(socket);
    }
    let name: String = sha256(folder.as_os_str().as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("paylink-{name}");
    let shorter = [std::env::temp_dir(), PathBuf::from("/tmp")].map(|place| place.join(&name));
    let own = shorter.into_iter().find(|own| fits(&own.join("redis.sock")));
    let own = own.ok_or_else(|| Error::Refused(format!("{} is too long for a socket", socket.display())))?;
    make_own(&own).map_err(Error::io(format!("{} cannot be made ours alone", own.display())))?;
    Ok(own.join("redis.sock"))
}

fn fits(socket: &Path) -> bool {
    socket.as_os_str().len() <= LONGEST_SOCKET
}

/// Creates a private folder in a shared place. An existing one may be another user's trap, so its owner and mode are
/// checked.
fn make_own(folder: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let about = fs::symlink_metadata(folder)?;
            // No permissions for the group and others.
            let is_ours = about.is_dir() && about.uid() == geteuid().as_raw() && about.mode().trailing_zeros() >= 6;
            if is_ours { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
        }
        made => made,
    }
}

/// Keeps the child running until it is told to stop.
async fn supervise(place: ChildPaths, mut child: Child, mut told: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            _ = &mut told => return end(child).await,
            status = child.wait() => tracing::error!(?status, "the private Redis ended; starting it again"),
        }
        child = loop {
            match place.spawn() {
                Ok(child) => break child,
                Err(error) => tracing::error!(error = error.with_sources(), "the private Redis does not start"),
            }
            tokio::select! {
                _ = &mut told => return,
                () = sleep(Duration::from_secs(1)) => {}
            }
        };
    }
}

async fn end(mut child: Child) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    if tokio::time::timeout(TIMEOUT, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_socket_has_a_short_path_whatever_the_folder_and_always_the_same() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(socket_for(home.path()).unwrap(), home.path().join("redis.sock"));
        let long = home.path().join("a-long-name".repeat(20));
        let socket = socket_for(&long).unwrap();
        assert!(fits(&socket), "{socket:?}");
        assert_eq!(fs::metadata(socket.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        assert_eq!(socket_for(&long).unwrap(), socket);
        fs::remove_dir(socket.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_folder_that_others_made_or_can_enter_is_not_ours() {
        let home = tempfile::tempdir().unwrap();
        let (open, link) = (home.path().join("open"), home.path().join("link"));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        symlink(home.path(), &link).unwrap();
        for trap in [open, link] {
            assert_eq!(make_own(&trap).unwrap_err().kind(), io::ErrorKind::PermissionDenied, "{trap:?}");
        }
    }
}
