//! What a process hears of what is published: one subscription for each purpose, however many wait for it.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures_util::StreamExt;
use redis::{
    Client, Msg, RedisError, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::{
    task::AbortHandle,
    time::{self, MissedTickBehavior, timeout},
};
use tracing::{debug, info};

/// How long subscribing or a sign of life may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often a silent subscription is asked for a sign of life: a half-open one would be silent for ever.
const PING_EVERY: Duration = Duration::from_secs(15);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Those for whom a process listens.
pub(crate) trait Audience: Send + Sync + 'static {
    /// The pattern of the channels that they hear of.
    fn pattern(&self) -> String;

    /// From here on they hear of everything; what was published before may have been missed.
    fn resume(&self);

    /// Something was published.
    fn hear(&self, message: &Msg);
}

/// The task that listens, from the first who waits until the last handle is gone.
#[derive(Debug, Default)]
pub(crate) struct Listener(Mutex<Option<AbortHandle>>);

impl Listener {
    /// Starts the task unless it runs. Its runtime may have ended since (in tests, each has its own).
    pub(crate) fn ensure<A: Audience>(&self, client: &Client, audience: &Arc<A>) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished) {
            let listening = listen(client.clone(), audience.pattern(), Arc::downgrade(audience));
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

/// Listens until nobody is there any more, across whatever happens to Redis.
async fn listen<A: Audience>(client: Client, pattern: String, audience: Weak<A>) {
    let mut wait = FIRST_WAIT;
    while audience.strong_count() > 0 {
        match subscribe(&client, &pattern).await {
            Ok((sink, messages)) => {
                info!(pattern, "listening");
                wait = FIRST_WAIT;
                if let Some(audience) = audience.upgrade() {
                    audience.resume();
                }
                pass_on(sink, messages, &audience).await;
                info!(pattern, "the subscription ended; subscribing again");
            }
            Err(error) => debug!(pattern, %error, "cannot subscribe; trying again"),
        }
        time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn subscribe(client: &Client, pattern: &str) -> RedisResult<(PubSubSink, PubSubStream)> {
    let subscribing = async {
        let (mut sink, messages) = client.get_async_pubsub().await?.split();
        sink.psubscribe(pattern).await?;
        Ok((sink, messages))
    };
    timeout(ANSWER_WITHIN, subscribing)
        .await
        .unwrap_or_else(|_| Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))))
}

/// Passes on what is heard until the connection breaks, or nobody is there any more.
async fn pass_on<A: Audience>(mut sink: PubSubSink, mut messages: PubSubStream, audience: &Weak<A>) {
    let mut pings = time::interval_at(time::Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => {
                let (Some(message), Some(audience)) = (message, audience.upgrade()) else { return };
                audience.hear(&message);
            },
            _ = pings.tick() => match timeout(ANSWER_WITHIN, sink.ping::<()>()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            },
        }
    }
}
