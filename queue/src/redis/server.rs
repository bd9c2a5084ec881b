//! The Redis servers behind a URL: a single server, the primary named by Sentinels, or a cluster.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::cluster::TlsMode;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, RedisResult};

use super::address::{Address, ServerAddress};
use super::cluster::ClusterNodes;
use super::{Certificates, QueueError, ServerMode};

/// Where Redis is.
pub(super) enum RedisServer {
    /// One server, over TCP, TLS or a Unix socket.
    One(Client, Box<ServerAddress>),
    /// The server that the Sentinels name as the primary.
    Sentinel(Sentinels),
    /// A cluster: each queue is on the node of its hash slot.
    Cluster(ClusterNodes),
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
            Address::One(server) => Self::One(server.client().map_err(QueueError::Url)?, Box::new(server)),
            Address::Sentinel { sentinels, primary, name } => {
                Self::Sentinel(Sentinels { all: sentinels, primary, name, first: AtomicUsize::new(0) })
            }
            Address::Cluster(nodes) => Self::Cluster(ClusterNodes::open(nodes, certificates, patience)?),
        })
    }

    /// Opens a connection for commands.
    pub(super) async fn dial(&self, config: &AsyncConnectionConfig) -> RedisResult<Wire> {
        Ok(match self {
            Self::One(client, _) => Wire::One(client.get_multiplexed_async_connection_with_config(config).await?),
            Self::Sentinel(sentinels) => {
                let client = sentinels.primary().await?;
                Wire::One(client.get_multiplexed_async_connection_with_config(config).await?)
            }
            Self::Cluster(nodes) => Wire::Cluster(nodes.dial().await?),
        })
    }

    /// Opens a connection for subscriptions. Tells at which node, if it is a cluster.
    pub(super) async fn listen(&self) -> RedisResult<(PubSub, Option<ConnectionAddr>)> {
        match self {
            Self::One(client, _) => Ok((client.get_async_pubsub().await?, None)),
            Self::Sentinel(sentinels) => Ok((sentinels.primary().await?.get_async_pubsub().await?, None)),
            Self::Cluster(nodes) => nodes.listen().await.map(|(subscription, node)| (subscription, Some(node))),
        }
    }

    /// The servers of the URL, and the mode that its form is for.
    pub(super) fn named(&self) -> (&[ServerAddress], ServerMode) {
        match self {
            Self::One(_, server) => (std::slice::from_ref(server.as_ref()), ServerMode::Standalone),
            Self::Sentinel(sentinels) => (&sentinels.all, ServerMode::Sentinel),
            Self::Cluster(nodes) => (nodes.of_url(), ServerMode::Cluster),
        }
    }

    /// Its nodes, if the keys are spread over several.
    pub(super) const fn cluster(&self) -> Option<&ClusterNodes> {
        match self {
            Self::Cluster(nodes) => Some(nodes),
            Self::One(..) | Self::Sentinel(_) => None,
        }
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

impl Wire {
    /// Sends a command and waits for its answer.
    pub(super) async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Self::One(connection) => command.query_async(connection).await,
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}
