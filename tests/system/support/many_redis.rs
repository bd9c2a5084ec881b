//! Redis with Sentinels, as a cluster, with TLS and users. From Debian's package.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::{installation::free_port, wait::eventually};

/// A server with these further arguments. It ends with the test.
#[derive(Debug)]
pub(crate) struct RedisServer {
    pub(crate) port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    /// The further arguments of `redis-cli`.
    reach: Vec<String>,
    process: Option<Child>,
}

/// A primary with a replica, and three Sentinels.
#[derive(Debug)]
pub(crate) struct Sentinels {
    _folder: TempDir,
    pub(crate) servers: Vec<RedisServer>,
    watchers: Vec<RedisServer>,
}

/// Three primaries, each with a replica.
#[derive(Debug)]
pub(crate) struct RedisCluster {
    _folder: TempDir,
    pub(crate) nodes: Vec<RedisServer>,
}

/// A server with TLS, which requires client certificates and has a user with minimal rights.
#[derive(Debug)]
pub(crate) struct TlsRedis {
    pub(crate) folder: TempDir,
    pub(crate) server: RedisServer,
}

impl RedisServer {
    /// Starts it and waits until it answers.
    async fn start(folder: &Path, port: u16, arguments: &[&str], reach: &[&str]) -> Self {
        fs::create_dir_all(folder).unwrap();
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let mut server =
            Self { port, folder: folder.to_owned(), arguments: own(arguments), reach: own(reach), process: None };
        server.comes_up().await;
        server
    }

    /// Starts it again with its data.
    pub(crate) async fn comes_up(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = Command::new("redis-server");
        command.args(&self.arguments).current_dir(&self.folder).stdout(log).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        let log = self.folder.join("log");
        eventually(&format!("Redis answers, of which {} tells", log.display()), async || {
            (self.says("PING") == "PONG").then_some(())
        })
        .await;
    }

    /// Kills it without warning.
    pub(crate) fn is_killed(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Its answer to a command; `None` without an answer.
    pub(crate) fn says(&self, command: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli")
            .args(["-p", &port])
            .args(&self.reach)
            .args(command.split(' '))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Whether it accepts writes.
    pub(crate) fn is_primary(&self) -> bool {
        self.says("INFO replication").contains("role:master")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn place() -> TempDir {
    tempfile::Builder::new().prefix("paylink-redis-").tempdir().unwrap()
}

const KEEPS: [&str; 6] = ["--save", "", "--appendonly", "yes", "--bind", "127.0.0.1"];

impl Sentinels {
    /// Starts all of them; a primary that is away for a second is replaced.
    pub(crate) async fn start() -> Self {
        let folder = place();
        let ports = [free_port(), free_port()];
        let mut servers = Vec::new();
        for port in ports {
            let (port_text, primary) = (port.to_string(), format!("127.0.0.1 {}", ports[0]));
            let mut arguments = vec!["--port", &port_text, "--repl-diskless-sync-delay", "0"];
            arguments.extend(KEEPS);
            if port != ports[0] {
                arguments.extend(["--replicaof", &primary]);
            }
            servers.push(RedisServer::start(&folder.path().join(&port_text), port, &arguments, &[]).await);
        }
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let port = free_port();
            let home = folder.path().join(port.to_string());
            fs::create_dir_all(&home).unwrap();
            let settings = format!(
                "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {} 2\nsentinel down-after-milliseconds main 1000\nsentinel \
                 failover-timeout main 4000\n",
                ports[0]
            );
            fs::write(home.join("sentinel.conf"), settings).unwrap();
            sentinels.push(RedisServer::start(&home, port, &["sentinel.conf", "--sentinel"], &[]).await);
        }
        let all = Self { _folder: folder, servers, watchers: sentinels };
        eventually("the Sentinels know the replica and each other", async || {
            let knows = |sentinel: &RedisServer| {
                let says = sentinel.says("INFO sentinel");
                says.contains("slaves=1,sentinels=3")
            };
            all.watchers.iter().all(knows).then_some(())
        })
        .await;
        eventually("the replica is up to date", async || {
            all.servers[1].says("INFO replication").contains("master_link_status:up").then_some(())
        })
        .await;
        all
    }

    /// The URL. The first Sentinel does not exist.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self.watchers.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port)).collect();
        format!("redis+sentinel://127.0.0.1:1,{}/main/1", hosts.join(","))
    }
}

impl RedisCluster {
    /// Starts it; a primary that is away for a second is replaced by its replica.
    pub(crate) async fn start() -> Self {
        let folder = place();
        let mut nodes = Vec::new();
        for _ in 0..6 {
            let port = free_port().to_string();
            let mut arguments = vec!["--port", &port, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
            let bus = free_port().to_string();
            arguments.extend(["--cluster-port", &bus, "--repl-diskless-sync-delay", "0"]);
            arguments.extend(KEEPS);
            nodes.push(RedisServer::start(&folder.path().join(&port), port.parse().unwrap(), &arguments, &[]).await);
        }
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let all = Self { _folder: folder, nodes };
        eventually("the cluster is whole", async || {
            let whole = |node: &RedisServer| {
                node.says("CLUSTER INFO").contains("cluster_state:ok")
                    && node.says("CLUSTER NODES").matches("slave").count() == 3
            };
            all.nodes.iter().all(whole).then_some(())
        })
        .await;
        eventually("the replicas are up to date", async || {
            let links = all.nodes.iter().filter(|node| node.says("INFO replication").contains("master_link_status:up"));
            (links.count() == 3).then_some(())
        })
        .await;
        all
    }

    /// The URL.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// The node with the keys of a queue.
    pub(crate) fn node_of(&mut self, queue: &str) -> &mut RedisServer {
        let slot = self
            .nodes
            .iter()
            .find(|node| node.process.is_some())
            .unwrap()
            .says(&format!("CLUSTER KEYSLOT {{{queue}}}"));
        let slot: u32 = slot.parse().unwrap();
        let mut nodes = self.nodes.iter_mut().filter(|node| node.process.is_some());
        nodes.find(|node| node.has_slot(slot)).unwrap()
    }

    /// Moves the keys of a queue to another node while they are in use, like a slow reshard.
    pub(crate) async fn moves_queue(&self, queue: &str) {
        let slot: u32 = self.nodes[0].says(&format!("CLUSTER KEYSLOT {{{queue}}}")).parse().unwrap();
        let from = self.nodes.iter().find(|node| node.is_primary() && node.has_slot(slot)).unwrap();
        let to = self.nodes.iter().find(|node| node.is_primary() && !node.has_slot(slot)).unwrap();
        let (from_id, to_id) = (from.says("CLUSTER MYID"), to.says("CLUSTER MYID"));
        assert_eq!(to.says(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")), "OK");
        assert_eq!(from.says(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")), "OK");
        eventually("all its keys are moved", async || {
            let keys = from.says(&format!("CLUSTER GETKEYSINSLOT {slot} 100"));
            for key in keys.lines() {
                from.says(&format!("MIGRATE 127.0.0.1 {} {key} 0 1000", to.port));
            }
            keys.is_empty().then_some(())
        })
        .await;
        for node in [to, from] {
            assert_eq!(node.says(&format!("CLUSTER SETSLOT {slot} NODE {to_id}")), "OK");
        }
    }
}

impl RedisServer {
    fn has_slot(&self, slot: u32) -> bool {
        let nodes = self.says("CLUSTER NODES");
        let Some(own) = nodes.lines().find(|line| line.contains("myself,master")) else { return false };
        own.split(' ').skip(8).any(|range| {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let read = |text: &str| text.parse::<u32>().ok();
            read(from).zip(read(to)).is_some_and(|(from, to)| (from..=to).contains(&slot))
        })
    }
}

/// The user's name and password.
const USER: &str = "paylink:p%40ss";
/// The rights it needs.
pub(crate) const RIGHTS: &str = "~paylink:* &paylink:* +@all -@admin -@dangerous +info +role";

impl TlsRedis {
    /// Starts it with newly created certificates.
    pub(crate) async fn start(rights: &str) -> Self {
        let folder = place();
        let at = |name: &str| folder.path().join(name).display().to_string();
        make_certificates(folder.path());
        fs::write(
            folder.path().join("users.acl"),
            format!("user default on nopass ~* &* +@all\nuser paylink on >p@ss {rights}\n"),
        )
        .unwrap();
        let port = free_port();
        let (port_text, ca, cert, key, users) =
            (port.to_string(), at("ca.pem"), at("server.pem"), at("server.key"), at("users.acl"));
        let mut arguments =
            vec!["--port", "0", "--tls-port", &port_text, "--tls-ca-cert-file", &ca, "--tls-cert-file", &cert];
        arguments.extend(["--tls-key-file", &key, "--tls-auth-clients", "yes", "--aclfile", &users]);
        arguments.extend(KEEPS);
        let reach = ["--tls", "--cacert", &ca, "--cert", &cert, "--key", &key];
        let server = RedisServer::start(folder.path(), port, &arguments, &reach).await;
        Self { folder, server }
    }

    /// A process's settings to use it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        vec![
            ("PAYLINK_REDIS_URL", format!("rediss://{USER}@localhost:{}", self.server.port)),
            ("PAYLINK_REDIS_CA_FILE", at("ca.pem")),
            ("PAYLINK_REDIS_CERT_FILE", at("client.pem")),
            ("PAYLINK_REDIS_KEY_FILE", at("client.key")),
        ]
    }
}

/// A certificate authority, with certificates for the server and for us.
fn make_certificates(folder: &Path) {
    let script = r"
        set -e
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=Example CA' -keyout ca.key -out ca.pem
        for who in server client; do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' -keyout $who.key -out $who.csr
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > $who.ext
            openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile $who.ext -out $who.pem
        done
    ";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}
