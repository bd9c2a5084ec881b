//! Wake-ups: one subscription for a process, however many workers it runs.
//!
//! Scripts publish on a queue's channel only when something became ready where nothing was, or became the earliest to be
//! due: a worker that is asleep with a free slot has seen the queue empty, so those are the only wake-ups that it needs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, RedisError, RedisResult};
use tokio::task::AbortHandle;
use tokio::time::{self, MissedTickBehavior, timeout};
use tracing::{debug, info};

use super::keys;
use super::queues::Queues;

/// How long subscribing or a sign of life may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often a silent subscription is asked for a sign of life: a half-open one would be silent for ever.
const PING_EVERY: Duration = Duration::from_secs(15);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The task that listens, from the first worker on until the last handle is gone.
#[derive(Default)]
pub(super) struct Listener(Mutex<Option<AbortHandle>>);

impl Listener {
    /// Starts the task unless it runs. Its runtime may have ended since (in tests, each has its own).
    pub(super) fn ensure(&self, client: &Client, prefix: &str, queues: &Arc<Queues>) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished) {
            let listening = listen(client.clone(), prefix.to_owned(), Arc::clone(queues));
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

/// Listens for ever, across whatever happens to Redis.
async fn listen(client: Client, prefix: String, queues: Arc<Queues>) {
    let mut wait = FIRST_WAIT;
    loop {
        match subscribe(&client, &prefix).await {
            Ok((sink, messages)) => {
                info!(prefix, "listening for wake-ups");
                wait = FIRST_WAIT;
                queues.wake_all();
                hear(sink, messages, &prefix, &queues).await;
                info!(prefix, "the subscription to wake-ups ended; subscribing again");
            }
            Err(error) => debug!(prefix, %error, "cannot subscribe to wake-ups; trying again"),
        }
        time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn subscribe(client: &Client, prefix: &str) -> RedisResult<(PubSubSink, PubSubStream)> {
    let subscribing = async {
        let (mut sink, messages) = client.get_async_pubsub().await?.split();
        sink.psubscribe(keys::wake_pattern(prefix)).await?;
        Ok((sink, messages))
    };
    timeout(ANSWER_WITHIN, subscribing)
        .await
        .unwrap_or_else(|_| Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))))
}

/// Passes wake-ups on until the connection breaks.
async fn hear(mut sink: PubSubSink, mut messages: PubSubStream, prefix: &str, queues: &Queues) {
    let mut pings = time::interval_at(time::Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => {
                    if let Some(queue) = keys::woken_queue(prefix, message.get_channel_name()) {
                        queues.wake(queue);
                    }
                }
                None => return,
            },
            _ = pings.tick() => match timeout(ANSWER_WITHIN, sink.ping::<()>()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            },
        }
    }
}
