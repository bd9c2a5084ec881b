//! Collects changes to publish: a single one goes out at once, and a burst goes out in few calls.

use std::{
    collections::HashMap,
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

/// The most changes of one merchant that are published one by one; beyond that a single `resync` is.
const MOST_AT_ONCE: usize = 200;

/// How many merchants' updates one script call publishes. Redis is blocked during a call.
const MERCHANTS_A_CALL: usize = 50;

/// The pause between two calls, which limits the rate of updates.
const REST: Duration = Duration::from_millis(25);

/// Changes waiting to be published.
#[derive(Debug, Default)]
pub(super) struct Publisher(Mutex<PendingUpdates>);

#[derive(Debug, Default)]
struct PendingUpdates {
    changes: HashMap<MerchantId, Vec<NumberedChange>>,
    is_running: bool,
}

impl Publisher {
    /// Adds changes. Returns `true` if no task is publishing; then the caller must [`run`](Self::run).
    pub(super) fn take(&self, changes: Vec<NumberedChange>) -> bool {
        if changes.is_empty() {
            return false;
        }
        let mut pending = self.pending();
        for change in changes {
            let of_merchant = pending.changes.entry(change.merchant_id).or_default();
            if of_merchant.len() <= MOST_AT_ONCE {
                of_merchant.push(change);
            }
        }
        !std::mem::replace(&mut pending.is_running, true)
    }

    /// Publishes until no changes are left.
    pub(super) async fn run(&self, queues: &RedisQueues) {
        while let Some(changes) = self.next() {
            if let Err(error) = publish(queues, changes).await {
                tracing::debug!(%error, "live updates were not published; clients see the change when they read again");
            }
            tokio::time::sleep(REST).await;
        }
    }

    fn next(&self) -> Option<HashMap<MerchantId, Vec<NumberedChange>>> {
        let mut pending = self.pending();
        let changes = std::mem::take(&mut pending.changes);
        pending.is_running = !changes.is_empty();
        pending.is_running.then_some(changes)
    }

    fn pending(&self) -> MutexGuard<'_, PendingUpdates> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn publish(queues: &RedisQueues, changes: HashMap<MerchantId, Vec<NumberedChange>>) -> Result<(), QueueError> {
    let mut changes = changes.into_iter().peekable();
    while changes.peek().is_some() {
        let mut call = scripts::PUBLISH.call_on(&super::streams(queues.prefix()));
        call.arg(super::channel(queues.prefix()));
        for (merchant, of_merchant) in changes.by_ref().take(MERCHANTS_A_CALL) {
            push(&mut call, merchant, &of_merchant);
        }
        queues.connection().run::<i64>(&scripts::PUBLISH, &call).await?;
    }
    Ok(())
}

fn push(call: &mut Cmd, merchant: MerchantId, changes: &[NumberedChange]) {
    call.arg(merchant.uuid().simple().to_string());
    if changes.len() > MOST_AT_ONCE {
        call.arg(1).arg(A_LOT).arg("{}");
        return;
    }
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

    #[test]
    fn changes_wait_for_those_before_them_and_too_many_become_one() {
        let (publisher, merchant) = (Publisher::default(), MerchantId::new(Utc::now()));
        assert!(publisher.take(vec![change(merchant, 1)]), "the first must be published by its caller");
        assert!(!publisher.take(vec![change(merchant, 2)]), "somebody is telling already");
        assert_eq!(publisher.next().unwrap()[&merchant].len(), 2);
        publisher.take((3..1_000).map(|seq| change(merchant, seq)).collect());
        assert_eq!(publisher.next().unwrap()[&merchant].len(), MOST_AT_ONCE + 1);
        assert!(publisher.next().is_none() && publisher.take(vec![change(merchant, 1_000)]));
    }
}
