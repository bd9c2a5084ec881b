//! Live: what has changed, updates to whoever is looking at it now. Ids, and no more.
//!
//! Each merchant has a capped stream in Redis, which exists only while somebody looks and for an hour after: to tell live that
//! nobody wants costs next to nothing. Whoever looks has a position in it, from which it can be caught up; what cannot be caught
//! up is said to be so ([`Item::Missed`]). A process listens once for all who look through it. Live are updates as well as they can
//! be, and nothing waits for them: what is lost with Redis is seen at the next look at the rows.

mod entry;
mod layer;
mod listener;
mod publisher;
mod subscription;

use std::{fmt, sync::Arc};

use domain::MerchantId;
use entity::live::Change;

use crate::redis::{QueueError, RedisQueues, script};
use listener::Listener;
use publisher::Publisher;

pub use entry::{Entry, Position};
pub use layer::{PublishLayer, PublishService};
pub use subscription::{Item, Subscription};

/// How long a stream is kept after somebody last looked at it, in milliseconds.
const KEPT: u64 = 3_600_000;

/// How many may look at one merchant's live through one process.
const MOST_LOOKING: usize = 20;

/// The live of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    queues: RedisQueues,
    publisher: Publisher,
    listener: Arc<Listener>,
}

/// Too many are looking already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MOST_LOOKING} are looking already")]
pub struct TooMany;

impl Live {
    pub(crate) fn new(queues: RedisQueues) -> Self {
        Self(Arc::new(Inner { queues, publisher: Publisher::default(), listener: Arc::default() }))
    }

    /// Tells what has changed, without waiting. What is updates while a telling is under way goes with the next one, each once.
    pub fn publish(&self, changes: Vec<Change>) {
        if self.0.publisher.take(changes) {
            let queues = self.0.queues.clone();
            let live = self.clone();
            tokio::spawn(async move { live.0.publisher.run(&queues).await });
        }
    }

    /// Looks at a merchant's live from now on, or from a position on. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// [`TooMany`]. Redis may be away: then there are no live until it is back.
    pub fn look(&self, merchant: MerchantId, since: Option<Position>) -> Result<Subscription, TooMany> {
        let updates = self.0.listener.join(merchant, MOST_LOOKING).ok_or(TooMany)?;
        self.0.listener.ensure(self.0.queues.connection().client(), self.0.queues.prefix());
        Ok(Subscription::new(self.clone(), merchant, since, updates))
    }

    /// What is new since a position. See `look.lua`.
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

/// What the names of all streams begin with. The braces put them on the node of a cluster on which the queues are.
fn streams(prefix: &str) -> String {
    format!("{{{prefix}}}:live")
}

fn stream(prefix: &str, merchant: MerchantId) -> String {
    format!("{}:{}", streams(prefix), merchant.uuid().simple())
}
