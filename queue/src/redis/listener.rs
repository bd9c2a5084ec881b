//! Subscriptions to published messages: one for each purpose, shared by all who wait for it in this process.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures_util::StreamExt;
use redis::{
    ConnectionAddr, Msg, RedisError, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::{
    task::AbortHandle,
    time::{self, MissedTickBehavior, timeout},
};
use tracing::{debug, info, warn};

use super::connection::Connection;

/// Timeout of subscribing and of a ping.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often to ping; a half-open connection would stay silent forever.
const PING_EVERY: Duration = Duration::from_secs(15);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The receivers of a channel's messages.
pub(crate) trait MessageReceiver: Send + Sync + 'static {
    /// The channel. It is subscribed to by exact name, since an ACL may forbid patterns.
    fn channel(&self) -> String;

    /// Called after each subscription: from now on no message is missed, but earlier ones may have been.
    fn resume(&self);

    /// Called for each message.
    fn hear(&self, message: &Msg);
}

/// The listening task. It runs from the first call of [`ensure`](Self::ensure) until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Listener(Mutex<Option<AbortHandle>>);

impl Listener {
    /// Starts the task unless it is running. It may have ended with its runtime, as in tests, which have one each.
    pub(crate) fn ensure<R: MessageReceiver>(&self, connection: &Arc<Connection>, receiver: &Arc<R>) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished) {
            let listening = listen(Arc::clone(connection), receiver.channel(), Arc::downgrade(receiver));
            *task = Some(tokio::spawn(listening).abort_handle());
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let task = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

/// Listens until the receiver is gone, reconnecting whenever needed.
async fn listen<R: MessageReceiver>(connection: Arc<Connection>, channel: String, receiver: Weak<R>) {
    let (mut wait, mut told) = (FIRST_WAIT, false);
    while receiver.strong_count() > 0 {
        match subscribe(&connection, &channel).await {
            Ok((subscription, node)) => {
                info!(channel, "listening");
                (wait, told) = (FIRST_WAIT, false);
                if let Some(receiver) = receiver.upgrade() {
                    receiver.resume();
                }
                tokio::select! {
                    () = pass_on(subscription, &receiver) => {}
                    () = until_forgotten(&connection, node) => info!(channel, "the cluster does not name the node any more"),
                }
                info!(channel, "the subscription ended; subscribing again");
            }
            // Redis will keep refusing until its configuration changes, so this is logged once.
            Err(error) if is_refusal(&error) && !told => {
                warn!(channel, %error, "Redis does not let us subscribe: until it does, jobs start late, by up to the poll's interval");
                told = true;
            }
            Err(error) => debug!(channel, %error, "cannot subscribe; trying again"),
        }
        time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Whether Redis was reachable and refused.
fn is_refusal(error: &RedisError) -> bool {
    !error.is_io_error() && error.code().is_some_and(|code| ["NOPERM", "NOAUTH", "WRONGPASS"].contains(&code))
}

/// A subscription, and the node where it is, if Redis is a cluster.
type SubscribedConnection = ((PubSubSink, PubSubStream), Option<ConnectionAddr>);

async fn subscribe(connection: &Connection, channel: &str) -> RedisResult<SubscribedConnection> {
    let subscribing = async {
        let (subscription, node) = connection.listen().await?;
        let (mut sink, messages) = subscription.split();
        sink.subscribe(channel).await?;
        Ok(((sink, messages), node))
    };
    timeout(ANSWER_WITHIN, subscribing)
        .await
        .unwrap_or_else(|_| Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))))
}

/// Passes on messages until the connection breaks or the receiver is gone.
async fn pass_on<R: MessageReceiver>((mut sink, mut messages): (PubSubSink, PubSubStream), receiver: &Weak<R>) {
    let mut pings = time::interval_at(time::Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => {
                let (Some(message), Some(receiver)) = (message, receiver.upgrade()) else { return };
                receiver.hear(&message);
            },
            _ = pings.tick() => match timeout(ANSWER_WITHIN, sink.ping::<()>()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            },
        }
    }
}

/// Resolves once the cluster no longer has this node: it answers pings, and gets no messages.
async fn until_forgotten(connection: &Connection, node: Option<ConnectionAddr>) {
    let Some(node) = node else { return std::future::pending().await };
    loop {
        time::sleep(PING_EVERY).await;
        if !connection.has(&node).await {
            return;
        }
    }
}
