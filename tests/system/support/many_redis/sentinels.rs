//! A primary with a replica, and the Sentinels that watch them.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{
    super::{installation::free_port, wait::eventually},
    CountKeys, RedisServer,
    guard::{Access, RIGHTS, SENTINELS_PASSWORD},
    keeps, place,
};

/// A primary with a replica, and three Sentinels.
#[derive(Debug)]
pub(crate) struct Sentinels {
    _folder: TempDir,
    access: Access,
    pub(crate) servers: Vec<RedisServer>,
    watchers: Vec<RedisServer>,
}

impl Sentinels {
    /// Starts all of them; a primary that is away for a second is replaced.
    pub(crate) async fn start() -> Self {
        Self::start_with(place(), Access::Open).await
    }

    /// The same with TLS, a user of few rights, and a password of the Sentinels.
    pub(crate) async fn start_guarded() -> Self {
        let folder = place();
        let access = Access::guarded(folder.path(), RIGHTS);
        Self::start_with(folder, access).await
    }

    async fn start_with(folder: TempDir, access: Access) -> Self {
        let ports = [free_port(), free_port()];
        let mut servers = Vec::new();
        for port in ports {
            let primary = format!("127.0.0.1 {}", ports[0]);
            let mut further = vec!["--repl-diskless-sync-delay", "0"];
            if port != ports[0] {
                further.extend(["--replicaof", &primary]);
            }
            let (home, arguments) = (folder.path().join(port.to_string()), keeps(&access, port, &further));
            servers.push(RedisServer::start(&home, port, arguments, access.reach()).await);
        }
        let mut watchers = Vec::new();
        for _ in 0..3 {
            watchers.push(watcher(folder.path(), &access, ports[0]).await);
        }
        let all = Self { _folder: folder, access, servers, watchers };
        eventually("the Sentinels know the replica and each other", async || {
            let knows = |sentinel: &RedisServer| sentinel.says("INFO sentinel").contains("slaves=1,sentinels=3");
            all.watchers.iter().all(knows).then_some(())
        })
        .await;
        all.servers[1].follows().await;
        all
    }

    /// The URL. The first Sentinel does not exist.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self.watchers.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect();
        let password = match self.access {
            Access::Open => String::new(),
            Access::Guarded(_) => format!("?sentinel_password={SENTINELS_PASSWORD}"),
        };
        self.access.url("+sentinel", &format!("127.0.0.1:1,{}/main/1{password}", hosts.join(",")))
    }

    /// The port of one of the Sentinels.
    pub(crate) fn port(&self) -> u16 {
        self.watchers[0].port
    }

    /// A process's settings to use them.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        self.access.environment(self.url())
    }

    /// Whichever server is the primary dies; the other takes its place, and it comes back. On a busy machine the Sentinels
    /// may take the other for dead too, and give it its place again.
    pub(crate) async fn lose_their_primary(&mut self) {
        let primary = usize::from(!self.servers[0].is_primary());
        let replica = 1 - primary;
        self.servers[primary].is_killed();
        let servers = &self.servers;
        eventually("the replica takes its place", async || servers[replica].is_primary().then_some(())).await;
        self.servers[primary].comes_up().await;
        let servers = &self.servers;
        eventually("one follows the other", async || {
            let follows =
                servers.iter().any(|server| server.says("INFO replication").contains("master_link_status:up"));
            (follows && servers.iter().any(RedisServer::is_primary)).then_some(())
        })
        .await;
    }
}

impl CountKeys for Sentinels {
    fn keys(&self) -> usize {
        let primary = self.servers.iter().find(|server| server.is_primary());
        primary.expect("a server is the primary").keys_of_database(1)
    }
}

async fn watcher(folder: &Path, access: &Access, primary: u16) -> RedisServer {
    let port = free_port();
    let home = folder.join(port.to_string());
    fs::create_dir_all(&home).unwrap();
    let mut settings = format!(
        "bind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary} 2\nsentinel down-after-milliseconds main 1000\nsentinel \
         failover-timeout main 4000\n"
    );
    let mut reach = access.reach();
    if let Access::Guarded(_) = access {
        settings = format!("{settings}requirepass {SENTINELS_PASSWORD}\nsentinel sentinel-pass {SENTINELS_PASSWORD}\n");
        reach.extend(["-a".to_owned(), SENTINELS_PASSWORD.to_owned()]);
    }
    fs::write(home.join("sentinel.conf"), settings).unwrap();
    let mut arguments = vec!["sentinel.conf".to_owned(), "--sentinel".to_owned()];
    arguments.extend(access.arguments(port));
    RedisServer::start(&home, port, arguments, reach).await
}
