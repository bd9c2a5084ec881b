//! A subscription to one merchant's live updates.

use std::{collections::VecDeque, time::Duration};

use domain::MerchantId;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{self, Interval, MissedTickBehavior},
};

use super::{Entry, Live, Looked, Position, subscribers::Update};

/// How often to read the stream without a notification, which recovers lost updates and keeps the stream alive.
const LOOK_EVERY: Duration = Duration::from_mins(5);

/// An item of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveItem {
    /// Updates start at this position.
    Here(Position),
    /// A live update.
    Live(Entry),
    /// Updates before this position may have been missed.
    Missed(Position),
}

/// A subscription to one merchant's live updates.
#[derive(Debug)]
pub struct Subscription {
    live: Live,
    merchant: MerchantId,
    updates: broadcast::Receiver<Update>,
    /// The position up to which everything was seen.
    seen: Option<Position>,
    /// Whether the first read failed, so that what came before the next one is unknown.
    is_late: bool,
    waiting: VecDeque<LiveItem>,
    looks: Interval,
}

impl Subscription {
    pub(super) fn new(
        live: Live,
        merchant: MerchantId,
        since: Option<Position>,
        updates: broadcast::Receiver<Update>,
    ) -> Self {
        // The first tick completes immediately.
        let mut looks = time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { live, merchant, updates, seen: since, is_late: false, waiting: VecDeque::new(), looks }
    }

    /// Waits for the next item, possibly forever.
    pub async fn next(&mut self) -> LiveItem {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return item;
            }
            tokio::select! {
                biased;
                _ = self.looks.tick() => self.look().await,
                updates = self.updates.recv() => match (updates, self.seen) {
                    (Ok(Update::Entry(entry)), Some(seen)) if entry.position > seen => {
                        self.seen = Some(entry.position);
                        return LiveItem::Live(Entry::clone(&entry));
                    }
                    // It was in the stream when that was read.
                    (Ok(Update::Entry(_)), Some(_)) => {}
                    (Ok(Update::Entry(_)), None) | (Ok(Update::LookAgain) | Err(RecvError::Lagged(_)), _) => self.look().await,
                    // The listener is gone, but the stream can still be read.
                    (Err(RecvError::Closed), _) => std::future::pending().await,
                },
            }
        }
    }

    async fn look(&mut self) {
        match self.live.since(self.merchant, self.seen).await {
            Ok(looked) => self.see(looked),
            Err(error) => {
                tracing::debug!(%error, "cannot look for live; looking again when Redis is back");
                self.is_late |= self.seen.is_none();
            }
        }
    }

    fn see(&mut self, looked: Looked) {
        if self.is_late || !looked.complete {
            self.waiting.push_back(LiveItem::Missed(looked.last));
        } else if self.seen.is_none() {
            self.waiting.push_back(LiveItem::Here(looked.last));
        } else {
            self.waiting.extend(looked.entries.into_iter().map(LiveItem::Live));
        }
        self.is_late = false;
        self.seen = Some(looked.last);
    }
}
