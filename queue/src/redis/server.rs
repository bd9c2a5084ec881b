//! The Redis servers behind a URL: a single server, the primary named by Sentinels, or a cluster.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::cluster::{ClusterClient, TlsMode};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult};

use super::address::{Address, ServerAddress};
use super::{Certificates, QueueError};

/// How often the cluster client follows a moved slot within one command. Beyond that the caller retries.
const FOLLOWED: u32 = 4;
/// Its shortest and longest delay before following, in milliseconds.
const FOLLOW_WAIT: (u64, u64) = (10, 150);

/// Where Redis is.
pub(super) enum RedisServer {
    /// One server, over TCP, TLS or a Unix socket.
    One(Client),
    /// The server that the Sentinels name as the primary.
    Sentinel(Sentinels),
    /// A cluster: each queue is on the node of its hash slot.
    Cluster { client: ClusterClient, nodes: Vec<Client>, next: AtomicUsize },
}

/// Sentinels, any of which may be down.
pub(super) struct Sentinels {
    all: Vec<ServerAddress>,
    primary: ServerAddress,
    name: String,
    /// Which one to ask first. It is advanced before asking and set back on success, so that a Sentinel that hangs is
    /// not asked twice.
    first: AtomicUsize,
}

/// A connection for commands.
#[derive(Clone)]
pub(super) enum Wire {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl RedisServer {
    /// Only parses the URL; nothing is connected.
    pub(super) fn open(url: &str, certificates: &Certificates, patience: Duration) -> Result<Self, QueueError> {
        Ok(match Address::read(url, certificates)? {
            Address::One(server) => Self::One(server.client()?),
            Address::Sentinel { sentinels, primary, name } => {
                Self::Sentinel(Sentinels { all: sentinels, primary, name, first: AtomicUsize::new(0) })
            }
            Address::Cluster(nodes) => Self::Cluster {
                client: cluster(&nodes, certificates, patience)?,
                nodes: nodes.iter().map(ServerAddress::client).collect::<Result<_, _>>()?,
                next: AtomicUsize::new(0),
            },
        })
    }

    /// Opens a connection for commands.
    pub(super) async fn dial(&self, config: &AsyncConnectionConfig) -> RedisResult<Wire> {
        Ok(match self {
            Self::One(client) => Wire::One(client.get_multiplexed_async_connection_with_config(config).await?),
            Self::Sentinel(sentinels) => {
                let client = sentinels.primary().await?;
                Wire::One(client.get_multiplexed_async_connection_with_config(config).await?)
            }
            Self::Cluster { client, .. } => Wire::Cluster(client.get_async_connection().await?),
        })
    }

    /// Opens a connection for subscriptions. In a cluster every node receives all messages.
    pub(super) async fn listen(&self) -> RedisResult<PubSub> {
        match self {
            Self::One(client) => client.get_async_pubsub().await,
            Self::Sentinel(sentinels) => sentinels.primary().await?.get_async_pubsub().await,
            Self::Cluster { nodes, next, .. } => {
                let next = next.fetch_add(1, Ordering::Relaxed) % nodes.len();
                nodes[next].get_async_pubsub().await
            }
        }
    }

    /// Whether the keys are spread over several nodes.
    pub(super) const fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster { .. })
    }
}

impl Sentinels {
    async fn primary(&self) -> RedisResult<Client> {
        let first = self.first.fetch_add(1, Ordering::Relaxed);
        let client = self.client(first)?.async_get_client().await?;
        self.first.store(first, Ordering::Relaxed);
        Ok(client)
    }

    /// A client that asks the Sentinels in order, starting with `first`.
    fn client(&self, first: usize) -> RedisResult<SentinelClient> {
        let count = self.all.len();
        let from_first = (0..count).map(|at| &self.all[(first + at) % count]);
        let addresses = from_first.map(|sentinel| sentinel.info.addr().clone());
        let mut builder = SentinelClientBuilder::new(addresses, &self.name, SentinelServerType::Master)?
            .set_client_to_redis_tcp_settings(self.primary.info.tcp_settings().clone());
        if let Some(sentinel) = self.all.first() {
            let (settings, tcp) = (sentinel.info.redis_settings(), sentinel.info.tcp_settings());
            builder = builder.set_client_to_sentinel_tcp_settings(tcp.clone());
            if let Some(name) = settings.username() {
                builder = builder.set_client_to_sentinel_username(name);
            }
            if let Some(password) = settings.password() {
                builder = builder.set_client_to_sentinel_password(password);
            }
        }
        let settings = self.primary.info.redis_settings();
        builder = builder.set_client_to_redis_db(settings.db());
        if let Some(name) = settings.username() {
            builder = builder.set_client_to_redis_username(name);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(certificates) = &self.primary.certificates {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates.clone());
        }
        builder.build()
    }
}

fn cluster(
    nodes: &[ServerAddress],
    certificates: &Certificates,
    patience: Duration,
) -> Result<ClusterClient, QueueError> {
    let mut builder = ClusterClient::builder(nodes.iter().map(|node| node.info.clone()))
        .retries(FOLLOWED)
        .min_retry_wait(FOLLOW_WAIT.0)
        .max_retry_wait(FOLLOW_WAIT.1)
        // Short, so that a node that hangs leaves time to find the others.
        .connection_timeout(patience / 3)
        .response_timeout(patience);
    if let Some(node) = nodes.first() {
        builder = builder.tcp_settings(node.info.tcp_settings().clone());
        if node.certificates.is_some() {
            builder = builder.tls(TlsMode::Secure).certs(certificates.to_redis());
        }
    }
    builder.build().map_err(QueueError::Url)
}

impl Wire {
    /// Sends a command and waits for its answer.
    pub(super) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::One(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}
