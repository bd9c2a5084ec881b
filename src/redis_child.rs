//! The private Redis of `paylink up`: a child process on a socket in the data directory, with its log of commands (AOF) on. It is
//! started again when it ends, and stopped after everything else.

use std::{fs, io, path::PathBuf, process::Stdio, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use queue::bell::Bells;
use tokio::{
    process::{Child, Command},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{data_dir::DataDir, error::Error, parts::REDIS_URL};

/// The names under which the server may be installed.
const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];

/// How long it may take to load its data or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest path that a Unix socket can have.
const LONGEST_SOCKET: usize = 100;

/// The running child.
pub(crate) struct RedisChild {
    url: String,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
}

impl RedisChild {
    /// Starts the child and waits until it answers. One that a crash of ours left behind is ended first; it has kept its data.
    pub(crate) async fn start(data: &DataDir) -> Result<Self, Error> {
        let place = Place::new(data)?;
        let bells = Bells::open(&place.url, "paylink", entity::Clock::system())?;
        place.end_left_over(&bells).await?;
        let child = place.spawn()?;
        place.wait_until_it_answers(&bells).await?;
        data.keep(REDIS_URL, &place.url)?;
        let (stop, told) = oneshot::channel();
        let url = place.url.clone();
        let supervisor = tokio::spawn(supervise(place, child, told));
        Ok(Self { url, stop, supervisor })
    }

    /// How to reach it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends the child and waits until it has written everything.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the private Redis was not stopped well");
        }
    }
}

/// Where the child lives.
struct Place {
    folder: PathBuf,
    pid_file: PathBuf,
    socket: Option<PathBuf>,
    port: u16,
    url: String,
}

impl Place {
    fn new(data: &DataDir) -> Result<Self, Error> {
        let folder = data.file("redis");
        fs::create_dir_all(&folder).map_err(Error::io(format!("{} cannot be made", folder.display())))?;
        let (pid_file, socket) = (folder.join("redis.pid"), folder.join("redis.sock"));
        if socket.as_os_str().len() <= LONGEST_SOCKET {
            let url = format!("redis+unix://{}", socket.display());
            return Ok(Self { folder, pid_file, socket: Some(socket), port: 0, url });
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(Error::io("there is no free port"))?.port();
        let url = format!("redis://127.0.0.1:{port}");
        Ok(Self { folder, pid_file, socket: None, port, url })
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
            // A group of its own: Ctrl-C is for us, and it is told when all jobs are finished.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--daemonize", "no", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"])
            .args(["--loglevel", "warning", "--logfile", "redis.log", "--dir", "."])
            .arg("--pidfile")
            .arg(&self.pid_file);
        if let Some(socket) = &self.socket {
            command.arg("--unixsocket").arg(socket).args(["--unixsocketperm", "700"]);
        }
        command
    }

    async fn end_left_over(&self, bells: &Bells) -> Result<(), Error> {
        if self.socket.as_ref().is_none_or(|socket| !socket.exists()) || bells.ping().await.is_err() {
            return Ok(());
        }
        let pid = fs::read_to_string(&self.pid_file).ok().and_then(|text| text.trim().parse().ok());
        let Some(pid) = pid.map(Pid::from_raw) else { return Err(Error::RedisDidNotStart) };
        tracing::info!("ending the private Redis that a crash left behind");
        let _ = kill(pid, Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE;
        // Signal 0 asks whether the process is there.
        while kill(pid, None).is_ok() {
            if Instant::now() > deadline {
                return Err(Error::RedisDidNotStart);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn wait_until_it_answers(&self, bells: &Bells) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while bells.ping().await.is_err() {
            if Instant::now() > deadline {
                return Err(Error::RedisDidNotStart);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

/// Keeps the child running until it is told to stop.
async fn supervise(place: Place, mut child: Child, mut told: oneshot::Receiver<()>) {
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
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
