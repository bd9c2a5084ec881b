//! The Redis connection shared by all commands, and its replacement when it breaks.
//!
//! The driver's own connection manager keeps a failed connection attempt forever unless it was an I/O error: a Redis that was full or still
//! loading when we first connected would never be tried again. So we manage the connection ourselves: one that fails in any way other than
//! with an error reply is dropped, and the next caller reconnects.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::PubSub;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind};
use tokio::time::timeout;

use super::script::Script;
use super::server::{Server, Wire};
use super::{Certificates, QueueError};
use crate::metrics;

/// How long a caller waits for Redis at most, dialing included: an API command must not hang on a notification.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// A peer that acknowledges nothing for so long is gone, whatever TCP hopes.
pub(super) const PEER_GONE_AFTER: Duration = Duration::from_secs(10);

/// A connection that many callers use at once; each command is sent at once and answered in order.
pub(crate) struct Connection {
    server: Server,
    config: AsyncConnectionConfig,
    live: Mutex<Live>,
    dialing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Live {
    connection: Option<Wire>,
    /// Tells a connection from the one that replaced it.
    number: u64,
}

impl Connection {
    /// Only parses: nothing is dialed before the first command.
    pub(super) fn open(url: &str, certificates: &Certificates) -> Result<Self, QueueError> {
        Ok(Self {
            server: Server::open(url, certificates, ANSWER_WITHIN)?,
            config: AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER_WITHIN)).set_response_timeout(None),
            live: Mutex::default(),
            dialing: tokio::sync::Mutex::default(),
        })
    }

    /// A connection of its own that hears what is published.
    pub(crate) async fn listen(&self) -> RedisResult<PubSub> {
        self.server.listen().await
    }

    /// Whether several nodes share the keys.
    pub(super) const fn is_cluster(&self) -> bool {
        self.server.is_cluster()
    }

    /// Calls a script; if Redis does not know it (any more), with its text.
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &Script, call: &Cmd) -> Result<T, QueueError> {
        match self.query(call).await {
            Err(QueueError::Redis(error)) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.query(&script.in_full(call)).await
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
