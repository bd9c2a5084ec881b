//! Collects changes to publish: a single one goes out at once, and a burst goes out in few calls.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::MerchantId;
use entity::change::NumberedChange;
use redis::Cmd;

use super::{
    entry::{A_LOT, words},
    scripts,
};
use crate::redis::{QueueError, RedisQueues};

/// The most changes of one merchant that are published one by one; for more, a single `resync` is.
const MOST_AT_ONCE: usize = 200;

/// How many merchants' updates one script call publishes. Redis is blocked during a call.
const MERCHANTS_A_CALL: usize = 50;

/// The pause between two calls, which limits the rate of updates.
const REST: Duration = Duration::from_millis(25);

/// The pause after a call that failed.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Changes waiting to be published.
#[derive(Debug, Default)]
pub(super) struct Publisher(Mutex<PendingUpdates>);

#[derive(Debug, Default)]
struct PendingUpdates {
    by_merchant: HashMap<MerchantId, MerchantUpdates>,
    is_running: bool,
}

/// What a merchant's subscribers are to be told.
#[derive(Debug)]
enum MerchantUpdates {
    /// These changes.
    Each(Vec<NumberedChange>),
    /// That they should read everything again: there are too many changes, or some were not published.
    Resync,
}

impl MerchantUpdates {
    fn push(&mut self, change: NumberedChange) {
        match self {
            Self::Each(changes) if changes.len() < MOST_AT_ONCE => changes.push(change),
            Self::Each(_) | Self::Resync => *self = Self::Resync,
        }
    }
}

impl Publisher {
    /// Adds changes. Returns `true` if no task is publishing; then the caller must [`run`](Self::run).
    pub(super) fn take(&self, changes: Vec<NumberedChange>) -> bool {
        if changes.is_empty() {
            return false;
        }
        let mut pending = self.pending();
        for change in changes {
            let updates = pending.by_merchant.entry(change.merchant_id);
            updates.or_insert_with(|| MerchantUpdates::Each(Vec::new())).push(change);
        }
        !mem::replace(&mut pending.is_running, true)
    }

    /// Publishes until no changes are left. What Redis does not take is told later as one `resync` to each merchant's
    /// subscribers, who may be connected to Redis all the time.
    pub(super) async fn run(&self, queues: &RedisQueues) {
        while let Some(updates) = self.next() {
            let rest = match publish(queues, &updates).await {
                Ok(()) => REST,
                Err(error) => {
                    tracing::debug!(%error, "live updates were not published; subscribers are told later");
                    self.missed(updates.into_keys());
                    REST_AFTER_FAILURE
                }
            };
            tokio::time::sleep(rest).await;
        }
    }

    fn missed(&self, merchants: impl Iterator<Item = MerchantId>) {
        self.pending().by_merchant.extend(merchants.map(|merchant| (merchant, MerchantUpdates::Resync)));
    }

    fn next(&self) -> Option<HashMap<MerchantId, MerchantUpdates>> {
        let mut pending = self.pending();
        let updates = mem::take(&mut pending.by_merchant);
        pending.is_running = !updates.is_empty();
        pending.is_running.then_some(updates)
    }

    fn pending(&self) -> MutexGuard<'_, PendingUpdates> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn publish(queues: &RedisQueues, updates: &HashMap<MerchantId, MerchantUpdates>) -> Result<(), QueueError> {
    let mut updates = updates.iter().peekable();
    while updates.peek().is_some() {
        let mut call = scripts::PUBLISH.call_on(&super::streams(queues.prefix()));
        call.arg(super::channel(queues.prefix()));
        for (merchant, of_merchant) in updates.by_ref().take(MERCHANTS_A_CALL) {
            add(&mut call, *merchant, of_merchant);
        }
        queues.connection().run::<i64>(&scripts::PUBLISH, &call).await?;
    }
    Ok(())
}

fn add(call: &mut Cmd, merchant: MerchantId, updates: &MerchantUpdates) {
    call.arg(merchant.uuid().simple().to_string());
    let changes = match updates {
        MerchantUpdates::Each(changes) => changes,
        MerchantUpdates::Resync => {
            call.arg(1).arg(A_LOT).arg("{}");
            return;
        }
    };
    call.arg(changes.len());
    for change in changes {
        let (event, data) = words(change);
        call.arg(event).arg(data);
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use entity::change::ChangeKind;
    use uuid::Uuid;

    use super::*;

    fn change(merchant_id: MerchantId, seq: i64) -> NumberedChange {
        let (subject_id, kind) = (Uuid::nil(), ChangeKind::CreditsUpdated);
        NumberedChange {
            merchant_id,
            seq,
            at: Utc::now(),
            kind,
            subject_id,
            order_id: None,
            conversation_id: None,
            link_id: None,
        }
    }

    /// How many changes wait for the merchant; none if they are too many, or if some were missed.
    fn waiting(publisher: &Publisher, merchant: MerchantId) -> Option<usize> {
        match &publisher.next().unwrap()[&merchant] {
            MerchantUpdates::Each(changes) => Some(changes.len()),
            MerchantUpdates::Resync => None,
        }
    }

    #[test]
    fn changes_wait_for_those_before_them_and_too_many_become_one() {
        let (publisher, merchant) = (Publisher::default(), MerchantId::new(Utc::now()));
        assert!(publisher.take(vec![change(merchant, 1)]), "the first must be published by its caller");
        assert!(!publisher.take(vec![change(merchant, 2)]), "somebody is telling already");
        assert_eq!(waiting(&publisher, merchant), Some(2));
        for (many, counted) in [(200, Some(200)), (201, None), (1_000, None)] {
            publisher.take((0..many).map(|seq| change(merchant, seq)).collect());
            assert_eq!(waiting(&publisher, merchant), counted, "{many}");
        }
        assert!(publisher.next().is_none() && publisher.take(vec![change(merchant, 1_000)]));
    }

    #[test]
    fn what_was_missed_is_told_with_what_comes_after_it() {
        let (publisher, merchant) = (Publisher::default(), MerchantId::new(Utc::now()));
        for is_first in [true, false] {
            let missed = || publisher.missed([merchant].into_iter());
            let changes = || publisher.take(vec![change(merchant, 1)]);
            if is_first {
                missed();
                changes();
            } else {
                changes();
                missed();
            }
            assert_eq!(waiting(&publisher, merchant), None);
        }
    }
}
