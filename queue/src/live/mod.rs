//! Live updates for connected clients. They hold ids and the change's number in the feed.
//!
//! Each merchant has a capped stream in Redis, which exists only while there are subscribers and for an hour after, so
//! unwatched updates cost next to nothing. A subscriber keeps its position in the stream and catches up from there; if
//! it cannot, it receives [`LiveItem::Missed`]. A process has one subscription in Redis for all its subscribers.
//! Updates may be lost with Redis, and nothing depends on them: reading the rows again gives the same information.

mod entry;
mod publisher;
mod scripts;
mod subscribers;
mod subscription;

use std::{fmt, sync::Arc};

use domain::MerchantId;
use entity::change::NumberedChange;

use crate::redis::{QueueError, RedisQueues, listener::Listener};
use publisher::Publisher;
use subscribers::Subscribers;

pub use entry::{Entry, Position};
pub use subscription::{LiveItem, Subscription};

/// How long a stream is kept after it was last read, in milliseconds.
const KEPT: u64 = 3_600_000;

/// The most subscriptions to one merchant's updates in one process.
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

/// There are too many subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MOST_LOOKING} are looking already")]
pub struct TooMany;

impl Live {
    pub(crate) fn new(queues: RedisQueues) -> Self {
        let subscribers = Arc::new(Subscribers::new(queues.prefix()));
        Self(Arc::new(Inner { queues, publisher: Publisher::default(), subscribers, listener: Listener::default() }))
    }

    /// Publishes changes in the background. Changes that arrive while others are being published go out with the next
    /// call.
    pub(crate) fn publish(&self, changes: Vec<NumberedChange>) {
        if self.0.publisher.take(changes) {
            let queues = self.0.queues.clone();
            let live = self.clone();
            tokio::spawn(async move { live.0.publisher.run(&queues).await });
        }
    }

    /// Subscribes to a merchant's updates from a position, or from now on. Must be called in a tokio runtime. While
    /// Redis is away there are no updates.
    ///
    /// # Errors
    /// Returns [`TooMany`] at the limit of subscriptions.
    pub fn look(&self, merchant: MerchantId, since: Option<Position>) -> Result<Subscription, TooMany> {
        let updates = self.0.subscribers.join(merchant, MOST_LOOKING).ok_or(TooMany)?;
        self.0.listener.ensure(self.0.queues.connection(), &self.0.subscribers);
        Ok(Subscription::new(self.clone(), merchant, since, updates))
    }

    /// Subscribes and publishes once on a key of its own, to check Redis permissions.
    pub(crate) async fn probe(&self) -> Result<(), QueueError> {
        let queues = &self.0.queues;
        let mut look = scripts::LOOK.call_on(&format!("{}:probe", streams(queues.prefix())));
        look.arg(1_000).arg("");
        queues.connection().run::<redis::Value>(&scripts::LOOK, &look).await?;
        let mut publish = scripts::PUBLISH.call_on(&streams(queues.prefix()));
        publish.arg(channel(queues.prefix())).arg("probe").arg(1).arg("probe").arg("{}");
        queues.connection().run::<i64>(&scripts::PUBLISH, &publish).await?;
        Ok(())
    }

    /// The updates since a position. See `look.lua`.
    async fn since(&self, merchant: MerchantId, known: Option<Position>) -> Result<Looked, QueueError> {
        let queues = &self.0.queues;
        let mut call = scripts::LOOK.call_on(&stream(queues.prefix(), merchant));
        call.arg(KEPT).arg(known.map_or_else(String::new, |position| position.to_string()));
        let (complete, last, entries): (bool, String, Vec<(String, Vec<String>)>) =
            queues.connection().run(&scripts::LOOK, &call).await?;
        let last = last.parse().unwrap_or(Position::UNKNOWN);
        Ok(Looked {
            // A position in the future was not given out by us.
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

/// The result of reading a stream.
struct Looked {
    /// Whether every update since the position is there.
    complete: bool,
    last: Position,
    entries: Vec<Entry>,
}

/// Prefix of all streams' names. The braces put them on one node of a cluster.
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
