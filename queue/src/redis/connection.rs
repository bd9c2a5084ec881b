//! The shared connection to Redis, and its replacement when it breaks.
//!
//! The driver's own connection manager caches the result of a connection attempt forever unless it was an I/O error: a
//! Redis that was full or still loading at that moment would never be tried again. So we manage the connection
//! ourselves. After any failure that is not a reply it is discarded, and the next caller reconnects.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::PubSub;
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind,
};
use tokio::time::timeout;

use super::{
    Certificates, Finding, QueueError,
    cluster::ClusterNodes,
    metrics,
    script::Script,
    server::{RedisServer, Wire},
};

/// The longest a caller waits for Redis, including connecting: an API request must not hang on a notification.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A multiplexed connection: commands are sent immediately and answered in order.
pub(crate) struct Connection {
    server: RedisServer,
    config: AsyncConnectionConfig,
    live: Mutex<CurrentConnection>,
    dialing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct CurrentConnection {
    connection: Option<Wire>,
    /// Distinguishes a connection from its replacement.
    number: u64,
}

impl Connection {
    /// Only parses the URL; the first command connects.
    pub(super) fn open(url: &str, certificates: &Certificates) -> Result<Self, QueueError> {
        Ok(Self {
            server: RedisServer::open(url, certificates, ANSWER_WITHIN)?,
            config: AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER_WITHIN)).set_response_timeout(None),
            live: Mutex::default(),
            dialing: tokio::sync::Mutex::default(),
        })
    }

    /// Opens a separate connection for subscriptions. Tells at which node, if it is a cluster.
    pub(crate) async fn listen(&self) -> RedisResult<(PubSub, Option<ConnectionAddr>)> {
        if let Some(nodes) = self.server.cluster() {
            // The node of the subscription before may be gone for good.
            self.ask_for(nodes).await;
        }
        self.server.listen().await
    }

    /// Whether the cluster still has this node. One that it has forgotten may live on and gets no messages any more.
    pub(crate) async fn has(&self, node: &ConnectionAddr) -> bool {
        let Some(nodes) = self.server.cluster() else { return true };
        self.ask_for(nodes).await;
        nodes.has(node)
    }

    /// Whether the keys are spread over several nodes.
    pub(super) const fn is_cluster(&self) -> bool {
        self.server.cluster().is_some()
    }

    /// Asks the first server of the URL that answers, on a connection of its own, whether the URL is for its mode.
    pub(super) async fn other_mode(&self) -> Option<Finding> {
        let (servers, named) = self.server.named();
        for server in servers {
            if let Ok(Ok(found)) = timeout(ANSWER_WITHIN, server.mode(&self.config)).await {
                return found.filter(|found| *found != named).map(|found| Finding::OtherMode { named, found });
            }
        }
        None
    }

    /// Which of several servers of the URL do not answer, each on a connection of its own.
    pub(super) async fn silent_servers(&self) -> Vec<Finding> {
        let (servers, _) = self.server.named();
        if servers.len() < 2 {
            return Vec::new();
        }
        let asked = servers.iter().map(|server| async move {
            let why = match timeout(ANSWER_WITHIN, server.mode(&self.config)).await {
                Ok(Ok(_)) => return None,
                // It lives, and keeps to itself how it is set up.
                Ok(Err(error)) if error.code() == Some("NOPERM") => return None,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {ANSWER_WITHIN:?}"),
            };
            Some(Finding::ServerAway { address: server.info.addr().to_string(), why })
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Calls a script, sending its source if Redis does not know it.
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &Script, call: &Cmd) -> Result<T, QueueError> {
        match self.query(call).await {
            Err(QueueError::Redis(error)) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.query(&script.in_full(call)).await
            }
            answer => answer,
        }
    }

    /// Sends a command and waits for its answer, for at most [`ANSWER_WITHIN`].
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, QueueError> {
        if let Ok(answer) = timeout(ANSWER_WITHIN, self.query_twice(command)).await {
            if let Some(nodes) = self.server.cluster()
                && answer.is_ok()
                && nodes.is_to_be_asked()
            {
                self.ask_for(nodes).await;
            }
            return Ok(answer.inspect_err(metrics::failed)?);
        }
        metrics::timed_out();
        let number = self.live().number;
        self.discard(number);
        Err(QueueError::TimedOut(ANSWER_WITHIN))
    }

    /// Asks the cluster for its nodes. Without an answer those that are known stay so.
    async fn ask_for(&self, nodes: &ClusterNodes) {
        if let Ok(Ok(answer)) = timeout(ANSWER_WITHIN, self.query_twice(&ClusterNodes::question())).await {
            nodes.are(answer);
        }
    }

    /// A connection that broke while idle is only noticed when used, so one failure proves nothing. All our commands
    /// are safe to repeat.
    async fn query_twice<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match self.query_once(command).await {
            Err(error) if breaks_connection(&error) => self.query_once(command).await,
            answer => answer,
        }
    }

    async fn query_once<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let (number, mut connection) = self.connection().await?;
        let answer = connection.query(command).await;
        if answer.as_ref().is_err_and(breaks_connection) {
            self.discard(number);
        }
        answer
    }

    async fn connection(&self) -> RedisResult<(u64, Wire)> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let _dialing = self.dialing.lock().await;
        if let Some(dialed_meanwhile) = self.current() {
            return Ok(dialed_meanwhile);
        }
        let connection = self.server.dial(&self.config).await?;
        let mut live = self.live();
        live.number += 1;
        live.connection = Some(connection.clone());
        Ok((live.number, connection))
    }

    fn current(&self) -> Option<(u64, Wire)> {
        let live = self.live();
        live.connection.clone().map(|connection| (live.number, connection))
    }

    fn discard(&self, number: u64) {
        let mut live = self.live();
        if live.number == number {
            live.connection = None;
        }
    }

    fn live(&self) -> MutexGuard<'_, CurrentConnection> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the connection is of no further use. That includes a primary that became a replica, which refuses all
/// writes, and a node that left its cluster: it knows of no slots, and the driver would ask it for ever.
fn breaks_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::ClusterDown))
}
