//! Limits how many events are stored per merchant: a merchant, who has their own signing secret, could otherwise fill
//! the disk with validly signed events.

use std::time::{Duration, Instant};

use domain::MerchantId;
use poem::http::StatusCode;
use queue::Queue;

use crate::{
    Problem,
    http::{
        debts::{DebtKind, Debts},
        seldom::Seldom,
    },
};

/// The time in which the whole quota is paid off.
const DAY: Duration = Duration::from_hours(24);

/// The part of the quota that is reported to other processes at once.
const SHARE: u32 = 100;

/// The cost of an event apart from its body: its row, its job, and its outcome.
const ROW: u64 = 1024;

/// The bytes accepted recently for each merchant; `None` inside without a limit. Counted in memory, without a statement
/// for each event.
#[derive(Debug)]
pub(super) struct Volume(Option<LimitedVolume>);

#[derive(Debug)]
struct LimitedVolume {
    bytes_per_day: u64,
    debts: Debts,
    refused: Seldom,
}

impl Volume {
    /// Sets the bytes per day; 0 is unlimited.
    pub(super) fn new(bytes_per_day: u64, queue: &Queue) -> Self {
        let kind = DebtKind { name: "webhooks:", most: DAY, share: DAY / SHARE };
        let debts = || Debts::new(kind, queue.queues().clone());
        Self((bytes_per_day > 0).then(|| LimitedVolume { bytes_per_day, debts: debts(), refused: Seldom::default() }))
    }

    /// Charges an event with a body of this length.
    ///
    /// # Errors
    /// Returns 429, without charging, if there was too much lately.
    pub(super) fn admit(&self, merchant: MerchantId, bytes: usize, now: Instant) -> Result<(), Problem> {
        let Some(limited) = &self.0 else { return Ok(()) };
        let cost = limited.cost(bytes as u64 + ROW);
        let (_, taken) = limited.debts.spend(merchant, cost, now);
        taken.map_err(|wait| {
            if let Some(refused) = limited.refused.count(now) {
                let most = limited.bytes_per_day;
                tracing::warn!(merchant.id = %merchant, most, refused, "more webhooks came for a merchant than are taken in a day");
            }
            let detail = "More webhooks came for this merchant than are taken in a day.";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "daily_limit_reached", detail).after(wait)
        })
    }
}

impl LimitedVolume {
    /// The cost of this many bytes as a part of a day. An event larger than the quota is accepted if there was nothing
    /// else.
    fn cost(&self, bytes: u64) -> Duration {
        let micros = u128::from(bytes) * DAY.as_micros() / u128::from(self.bytes_per_day);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)).min(DAY)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use domain::Clock;
    use entity::Db;
    use queue::redis::RedisQueues;

    use super::*;

    async fn volume(bytes_per_day: u64) -> Volume {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        let queues = RedisQueues::open("redis://127.0.0.1:1", "test", Clock::system()).unwrap();
        Volume::new(bytes_per_day, &Queue::new(queues, db))
    }

    #[tokio::test]
    async fn a_day_s_worth_comes_at_once_and_then_as_time_passes() {
        let (volume, now) = (volume(10 * 2048).await, Instant::now());
        let (one, other) = (MerchantId::new(Utc::now()), MerchantId::new(Utc::now()));
        for _ in 0..10 {
            volume.admit(one, 1024, now).unwrap();
        }
        let refused = volume.admit(one, 1024, now).unwrap_err();
        assert_eq!(refused.code(), "daily_limit_reached");
        assert_eq!(refused.retry_after(), Some(8640), "a tenth of a day");
        volume.admit(other, 1024, now).unwrap();
        assert!(volume.admit(one, 1024, now + DAY / 11).is_err());
        volume.admit(one, 1024, now + DAY / 10).unwrap();
        volume.admit(one, 1024 * 1024, now + 3 * DAY).unwrap();
    }

    #[tokio::test]
    async fn none_is_as_many_as_come() {
        let volume = volume(0).await;
        for _ in 0..1_000 {
            volume.admit(MerchantId::new(Utc::now()), 1024 * 1024, Instant::now()).unwrap();
        }
    }
}
