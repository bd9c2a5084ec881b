//! News: what has changed, told to whoever is looking at it now. Ids, and no more.
//!
//! Each merchant has a capped stream in Redis, which exists only while somebody looks and for an hour after: to tell news that
//! nobody wants costs next to nothing. Whoever looks has a position in it, from which it can be caught up; what cannot be caught
//! up is said to be so ([`Item::Missed`]). A process listens once for all who look through it. News are told as well as they can
//! be, and nothing waits for them: what is lost with Redis is seen at the next look at the rows.

mod entry;
mod hub;
mod press;
mod subscription;

use std::{fmt, sync::Arc};

use entity::{MerchantId, news::Change};

use crate::bell::{BellError, Bells, script};
use hub::Hub;
use press::Press;

pub use entry::{Entry, Position};
pub use subscription::{Item, Subscription};

/// How long a stream is kept after somebody last looked at it, in milliseconds.
const KEPT: u64 = 3_600_000;

/// How many may look at one merchant's news through one process.
const MOST_LOOKING: usize = 20;

/// The news of one installation. Cheap to clone.
#[derive(Clone)]
pub struct News(Arc<Inner>);

struct Inner {
    bells: Bells,
    press: Press,
    hub: Arc<Hub>,
}

/// Too many are looking already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{MOST_LOOKING} are looking already")]
pub struct TooMany;

impl News {
    pub(crate) fn new(bells: Bells) -> Self {
        Self(Arc::new(Inner { bells, press: Press::default(), hub: Arc::default() }))
    }

    /// Tells what has changed, without waiting. What is told while a telling is under way goes with the next one, each once.
    pub fn tell(&self, changes: Vec<Change>) {
        if self.0.press.take(changes) {
            let bells = self.0.bells.clone();
            let news = self.clone();
            tokio::spawn(async move { news.0.press.run(&bells).await });
        }
    }

    /// Looks at a merchant's news from now on, or from a position on. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// [`TooMany`]. Redis may be away: then there are no news until it is back.
    pub fn look(&self, merchant: MerchantId, since: Option<Position>) -> Result<Subscription, TooMany> {
        let told = self.0.hub.join(merchant, MOST_LOOKING).ok_or(TooMany)?;
        self.0.hub.ensure(self.0.bells.link().client(), self.0.bells.prefix());
        Ok(Subscription::new(self.clone(), merchant, since, told))
    }

    /// What is new since a position. See `look.lua`.
    async fn since(&self, merchant: MerchantId, known: Option<Position>) -> Result<Looked, BellError> {
        let bells = &self.0.bells;
        let mut call = script::LOOK.call_with_key(&stream(bells.prefix(), merchant));
        call.arg(KEPT).arg(known.map_or_else(String::new, |position| position.to_string()));
        let (complete, last, entries): (bool, String, Vec<(String, Vec<String>)>) =
            bells.link().run(&script::LOOK, &call).await?;
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

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("News")
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
    format!("{{{prefix}}}:news")
}

fn stream(prefix: &str, merchant: MerchantId) -> String {
    format!("{}:{}", streams(prefix), merchant.uuid().simple())
}
