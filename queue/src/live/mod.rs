//! Live updates for clients that are currently watching: ids of what changed, and the number of the change in the feed.
//!
//! Each merchant has a capped stream in Redis, which exists only while somebody is watching and for an hour after, so updates that nobody
//! wants cost next to nothing. A subscriber has a position in the stream from which it can catch up; if it cannot, it is told so
//! ([`LiveItem::Missed`]). A process has one Redis subscription for all its subscribers. Updates may be lost along with Redis, and nothing
//! depends on them: the same information can always be read from the rows.

mod entry;
mod publisher;
mod subscribers;
mod subscription;

use std::{fmt, sync::Arc};

use domain::MerchantId;
use entity::change::NumberedChange;

use crate::redis::{QueueError, RedisQueues, listener::Listener, script};
use publisher::Publisher;
use subscribers::Subscribers;

pub use entry::{Entry, Position};
pub use subscription::{LiveItem, Subscription};

/// How long a stream is kept after somebody last looked at it, in milliseconds.
const KEPT: u64 = 3_600_000;

/// How many subscriptions to one merchant's updates one process has at most.
const MOST_LOOKING: usize = 20;

/// The live updates of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    queues: RedisQueues,
    publisher: Publisher,
    subscribers: Arc<Subscribers>,
    listener: Listener,
}

/// There are too many subscriptions already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MOST_LOOKING} are looking already")]
pub struct TooMany;

impl Live {
    pub(crate) fn new(queues: RedisQueues) -> Self {
        let subscribers = Arc::new(Subscribers::new(queues.prefix()));
        Self(Arc::new(Inner { queues, publisher: Publisher::default(), subscribers, listener: Listener::default() }))
    }

    /// Publishes what has changed, without waiting. Changes that come while others are being published go with the next call.
    pub(crate) fn publish(&self, changes: Vec<NumberedChange>) {
        if self.0.publisher.take(changes) {
            let queues = self.0.queues.clone();
            let live = self.clone();
            tokio::spawn(async move { live.0.publisher.run(&queues).await });
        }
    }

    /// Subscribes to a merchant's updates from now on, or from a position on. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// [`TooMany`]. If Redis is away there are no updates until it is back.
    pub fn look(&self, merchant: MerchantId, since: Option<Position>) -> Result<Subscription, TooMany> {
        let updates = self.0.subscribers.join(merchant, MOST_LOOKING).ok_or(TooMany)?;
        self.0.listener.ensure(self.0.queues.connection(), &self.0.subscribers);
        Ok(Subscription::new(self.clone(), merchant, since, updates))
    }

    /// Looks and publishes once, for nobody, to see whether Redis lets us.
    pub(crate) async fn probe(&self) -> Result<(), QueueError> {
        let queues = &self.0.queues;
        let mut look = script::LOOK.call_with_key(&format!("{}:probe", streams(queues.prefix())));
        look.arg(1_000).arg("");
        queues.connection().run::<redis::Value>(&script::LOOK, &look).await?;
        let mut publish = script::PUBLISH.call_with_key(&streams(queues.prefix()));
        publish.arg(channel(queues.prefix())).arg("probe").arg(1).arg("probe").arg("{}");
        queues.connection().run::<i64>(&script::PUBLISH, &publish).await?;
        Ok(())
    }

    /// The updates since a position. See `look.lua`.
    async fn since(&self, merchant: MerchantId, known: Option<Position>) -> Result<Looked, QueueError> {
        let queues = &self.0.queues;
        let mut call = script::LOOK.call_with_key(&stream(queues.prefix(), merchant));
        call.arg(KEPT).arg(known.map_or_else(String::new, |position| position.to_string()));
        let (complete, last, entries): (bool, String, Vec<(String, Vec<String>)>) =
            queues.connection().run(&script::LOOK, &call).await?;
        let last = last.parse().unwrap_or(Position::UNKNOWN);
        Ok(Looked {
            // A position that is yet to come was never given by us.
            complete: complete && known.is_none_or(|known| known <= last),
            last,
            entries: entries
                .iter()
                .filter_map(|(id, fields)| Entry::read(id, fields.first()?, fields.get(1)?))
                .collect(),
        })
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}

/// What a look brought.
struct Looked {
    /// Nothing since the position is missing.
    complete: bool,
    last: Position,
    entries: Vec<Entry>,
}

/// What the names of all streams begin with. The braces put them on one node of a cluster.
fn streams(prefix: &str) -> String {
    format!("{prefix}:{{live}}")
}

/// The channel of all updates.
fn channel(prefix: &str) -> String {
    format!("{prefix}:live")
}

fn stream(prefix: &str, merchant: MerchantId) -> String {
    format!("{}:{}", streams(prefix), merchant.uuid().simple())
}
