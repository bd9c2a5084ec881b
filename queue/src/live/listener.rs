//! The one listener of a process, for all its subscribers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use domain::MerchantId;
use futures_util::StreamExt;
use redis::{
    Client, RedisError, RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use tokio::{
    sync::broadcast,
    task::AbortHandle,
    time::{self, MissedTickBehavior, timeout},
};

use super::{entry::Entry, streams};

/// How many updates may wait for a slow subscriber before it has to read the stream again.
const WAITING: usize = 256;
/// How long subscribing or a sign of life may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often a silent subscription is asked for a sign of life: a half-open one would be silent for ever.
const PING_EVERY: Duration = Duration::from_secs(15);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What subscribers are told.
#[derive(Debug, Clone)]
pub(super) enum Update {
    /// A live update.
    Entry(Arc<Entry>),
    /// Some updates may have been missed.
    LookAgain,
}

/// The subscribers, by merchant, and the task that listens for them.
#[derive(Debug, Default)]
pub(super) struct Listener {
    looking: Mutex<HashMap<String, broadcast::Sender<Update>>>,
    task: Mutex<Option<AbortHandle>>,
}

impl Listener {
    /// Adds a subscriber; `None` if there are `most` already.
    pub(super) fn join(&self, merchant: MerchantId, most: usize) -> Option<broadcast::Receiver<Update>> {
        let mut looking = self.looking();
        looking.retain(|_, updates| updates.receiver_count() > 0);
        let updates =
            looking.entry(merchant.uuid().simple().to_string()).or_insert_with(|| broadcast::Sender::new(WAITING));
        (updates.receiver_count() < most).then(|| updates.subscribe())
    }

    /// Makes sure that the process listens. The task's runtime may have ended since (in tests, each has its own).
    pub(super) fn ensure(self: &Arc<Self>, client: &Client, prefix: &str) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished) {
            let listening = listen(client.clone(), prefix.to_owned(), Arc::downgrade(self));
            *task = Some(tokio::spawn(listening).abort_handle());
        }
    }

    fn hear(&self, merchant: &str, entry: Entry) {
        if let Some(updates) = self.looking().get(merchant) {
            // An error says that the last subscriber has just left.
            let _ = updates.send(Update::Entry(Arc::new(entry)));
        }
    }

    fn look_again(&self) {
        for updates in self.looking().values() {
            let _ = updates.send(Update::LookAgain);
        }
    }

    fn looking(&self) -> MutexGuard<'_, HashMap<String, broadcast::Sender<Update>>> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens until the last handle is gone, across whatever happens to Redis.
async fn listen(client: Client, prefix: String, listener: Weak<Listener>) {
    let mut wait = FIRST_WAIT;
    loop {
        match subscribe(&client, &prefix).await {
            Ok((sink, messages)) => {
                wait = FIRST_WAIT;
                if let Some(listener) = listener.upgrade() {
                    listener.look_again();
                }
                hear(sink, messages, &prefix, &listener).await;
            }
            Err(error) => tracing::debug!(prefix, %error, "cannot listen for live; trying again"),
        }
        if listener.strong_count() == 0 {
            return;
        }
        time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn subscribe(client: &Client, prefix: &str) -> RedisResult<(PubSubSink, PubSubStream)> {
    let subscribing = async {
        let (mut sink, messages) = client.get_async_pubsub().await?.split();
        sink.psubscribe(format!("{}:*", streams(prefix))).await?;
        Ok((sink, messages))
    };
    timeout(ANSWER_WITHIN, subscribing)
        .await
        .unwrap_or_else(|_| Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))))
}

/// Passes updates on until the connection breaks or nobody listens any more.
async fn hear(mut sink: PubSubSink, mut messages: PubSubStream, prefix: &str, listener: &Weak<Listener>) {
    let stream = format!("{}:", streams(prefix));
    let mut pings = time::interval_at(time::Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => {
                let (Some(message), Some(listener)) = (message, listener.upgrade()) else { return };
                let merchant = message.get_channel_name().strip_prefix(&stream);
                let entry = message.get_payload::<String>().ok().and_then(|text| Entry::heard(&text));
                if let (Some(merchant), Some(entry)) = (merchant, entry) {
                    listener.hear(merchant, entry);
                }
            },
            _ = pings.tick() => match timeout(ANSWER_WITHIN, sink.ping::<()>()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return,
            },
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}
