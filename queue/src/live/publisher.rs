//! Where changes wait to be updates: at once when it is quiet, and together when there is much to tell.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::MerchantId;
use entity::live::Change;
use redis::Cmd;

use super::entry::{A_LOT, words};
use crate::redis::{QueueError, RedisQueues, script};

/// How many changes of one merchant are updates one by one; of more it is only updates that there are many.
const MOST_AT_ONCE: usize = 200;

/// How many merchants' live go with one script call, which holds Redis up.
const MERCHANTS_A_CALL: usize = 50;

/// How long to rest between two tellings: whoever looks need not be updates a thousand times a second.
const REST: Duration = Duration::from_millis(25);

/// Changes that are yet to be updates.
#[derive(Debug, Default)]
pub(super) struct Publisher(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    changes: HashMap<MerchantId, HashSet<Change>>,
    is_running: bool,
}

impl Publisher {
    /// Takes changes; `true` if nobody is telling, and the caller must [`run`](Self::run).
    pub(super) fn take(&self, changes: Vec<Change>) -> bool {
        if changes.is_empty() {
            return false;
        }
        let mut pending = self.pending();
        for change in changes {
            let of_merchant = pending.changes.entry(change.merchant()).or_default();
            if of_merchant.len() <= MOST_AT_ONCE {
                of_merchant.insert(change);
            }
        }
        !std::mem::replace(&mut pending.is_running, true)
    }

    /// Tells until there is nothing left to tell.
    pub(super) async fn run(&self, queues: &RedisQueues) {
        while let Some(changes) = self.next() {
            if let Err(error) = publish(queues, changes).await {
                tracing::debug!(%error, "live were not updates; whoever looks will see at the next look at the rows");
            }
            tokio::time::sleep(REST).await;
        }
    }

    fn next(&self) -> Option<HashMap<MerchantId, HashSet<Change>>> {
        let mut pending = self.pending();
        let changes = std::mem::take(&mut pending.changes);
        pending.is_running = !changes.is_empty();
        pending.is_running.then_some(changes)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn publish(queues: &RedisQueues, changes: HashMap<MerchantId, HashSet<Change>>) -> Result<(), QueueError> {
    let mut changes = changes.into_iter().peekable();
    while changes.peek().is_some() {
        let mut call = script::PUBLISH.call_with_key(&super::streams(queues.prefix()));
        for (merchant, of_merchant) in changes.by_ref().take(MERCHANTS_A_CALL) {
            push(&mut call, merchant, &of_merchant);
        }
        queues.connection().run::<i64>(&script::PUBLISH, &call).await?;
    }
    Ok(())
}

fn push(call: &mut Cmd, merchant: MerchantId, changes: &HashSet<Change>) {
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
    use domain::OrderId;

    use super::*;

    #[test]
    fn a_change_waits_once_and_too_many_become_one() {
        let (publisher, merchant) = (Publisher::default(), MerchantId::new(Utc::now()));
        assert!(publisher.take(vec![Change::Credits { merchant }]), "the first must be updates by its caller");
        assert!(!publisher.take(vec![Change::Credits { merchant }]), "somebody is telling already");
        assert_eq!(publisher.next().unwrap()[&merchant].len(), 1);
        let many = (0..1_000).map(|_| Change::Order { merchant, order: OrderId::new(Utc::now()) }).collect();
        publisher.take(many);
        assert_eq!(publisher.next().unwrap()[&merchant].len(), MOST_AT_ONCE + 1);
        assert!(publisher.next().is_none() && publisher.take(vec![Change::Credits { merchant }]));
    }
}
