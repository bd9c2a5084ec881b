//! The connection to Redis that all commands share, and its replacement when it breaks.
//!
//! The driver's own connection manager keeps for ever what a connection attempt answered unless that was an I/O
//! error: a Redis that was full or still loading when we came would never be asked again. So we keep the connection
//! ourselves: whatever fails in any way but by a reply is thrown away, and the next caller dials.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};
use redis::{IntoConnectionInfo, RedisResult};
use tokio::time::timeout;

use super::QueueError;
use super::script::Script;
use crate::metrics;

/// How long a caller waits for Redis at most, dialing included: an API command must not hang on a notification.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// A peer that acknowledges nothing for so long is gone, whatever TCP hopes.
const PEER_GONE_AFTER: Duration = Duration::from_secs(10);

/// A connection that many callers use at once; each command is sent at once and answered in order.
pub(crate) struct Connection {
    client: Client,
    config: AsyncConnectionConfig,
    live: Mutex<Live>,
    dialing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Live {
    connection: Option<MultiplexedConnection>,
    /// Tells a connection from the one that replaced it.
    number: u64,
}

impl Connection {
    /// Only parses: nothing is dialed before the first command.
    pub(super) fn open(url: &str) -> Result<Self, QueueError> {
        let info = url.into_connection_info().map_err(QueueError::Url)?;
        let tcp = TcpSettings::default().set_nodelay(true);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(PEER_GONE_AFTER);
        let client = Client::open(info.set_tcp_settings(tcp)).map_err(QueueError::Url)?;
        Ok(Self {
            client,
            config: AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER_WITHIN)).set_response_timeout(None),
            live: Mutex::default(),
            dialing: tokio::sync::Mutex::default(),
        })
    }

    /// The client, for a connection of another kind.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Calls a script, loading it if Redis does not know it (any more).
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &Script, call: &Cmd) -> Result<T, QueueError> {
        match self.query(call).await {
            Err(QueueError::Redis(error)) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.query::<String>(&script.load()).await?;
                self.query(call).await
            }
            answer => answer,
        }
    }

    /// Sends a command and waits for its answer, for so long as a caller may be held up.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, QueueError> {
        if let Ok(answer) = timeout(ANSWER_WITHIN, self.query_twice(command)).await {
            return Ok(answer.inspect_err(metrics::redis_failed)?);
        }
        metrics::redis_timed_out();
        let number = self.live().number;
        self.discard(number);
        Err(QueueError::TimedOut(ANSWER_WITHIN))
    }

    /// A connection that broke while it was idle is only found out by using it, so one failure proves nothing.
    /// All our commands may be carried out twice.
    async fn query_twice<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match self.query_once(command).await {
            Err(error) if breaks_connection(&error) => self.query_once(command).await,
            answer => answer,
        }
    }

    async fn query_once<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let (number, mut connection) = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if answer.as_ref().is_err_and(breaks_connection) {
            self.discard(number);
        }
        answer
    }

    async fn connection(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let _dialing = self.dialing.lock().await;
        if let Some(dialed_meanwhile) = self.current() {
            return Ok(dialed_meanwhile);
        }
        let connection = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        let mut live = self.live();
        live.number += 1;
        live.connection = Some(connection.clone());
        Ok((live.number, connection))
    }

    fn current(&self) -> Option<(u64, MultiplexedConnection)> {
        let live = self.live();
        live.connection.clone().map(|connection| (live.number, connection))
    }

    fn discard(&self, number: u64) {
        let mut live = self.live();
        if live.number == number {
            live.connection = None;
        }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the connection is of no further use. A replica that was a primary refuses writes for good, so it counts.
fn breaks_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
