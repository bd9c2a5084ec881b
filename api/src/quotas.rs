//! Quotas per merchant, so that a stolen key or a runaway program cannot fill the disk, flood the queues, or text
//! people endlessly.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Days, NaiveTime, Utc};
use domain::MerchantId;
use entity::{Db, Order, link, message, order};
use poem::http::StatusCode;
use sea_orm::{ConnectionTrait, DbErr};

use crate::{Problem, metrics};

/// How long a count of queued jobs is reused.
const COUNTED: Duration = Duration::from_secs(5);

/// `Retry-After` for merchants with too many jobs.
const LATER: Duration = Duration::from_secs(30);

/// The percentage of the day's texts from which on there is a warning.
const WARNED_AT: u64 = 80;

/// The quotas of each merchant; 0 is unlimited.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quotas {
    /// Texts per UTC day.
    pub texts_per_day: u64,
    /// Bytes of orders written per UTC day.
    pub order_bytes_per_day: u64,
    /// Bytes of webhooks accepted in any 24 hours.
    pub webhook_bytes_per_day: u64,
    /// Bytes of invoices in the store.
    pub stored_bytes: u64,
    /// Unfinished jobs.
    pub queued_jobs: u64,
}

/// A merchant's texts of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How many were accepted today.
    pub(crate) today: u64,
    /// The limit.
    pub(crate) most: u64,
}

impl Quotas {
    /// Counts a text of this day, in the transaction that accepts it.
    ///
    /// # Errors
    /// Returns 429 if the limit is reached.
    pub(crate) async fn count_text(
        &self,
        tx: &impl ConnectionTrait,
        merchant: MerchantId,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let most = self.texts_per_day;
        if most == 0 {
            return Ok(());
        }
        let Some(texts) = message::count_text(tx, merchant, now.date_naive(), most).await? else {
            metrics::text_limit("reached");
            return Err(too_many_texts(most, now));
        };
        if texts == (most * WARNED_AT).div_ceil(100) {
            metrics::text_limit("near");
            tracing::warn!(merchant.id = %merchant, texts, most, "a merchant has sent most of the texts of this day");
        }
        Ok(())
    }

    /// Counts the bytes of an order, in the transaction that writes it: as its last step, because the merchant's other
    /// writes wait from here on.
    ///
    /// # Errors
    /// Returns 429 if the day's limit is reached.
    pub(crate) async fn count_order(
        &self,
        tx: &impl ConnectionTrait,
        order: &Order,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        self.count_order_bytes(tx, order.merchant_id, order.bytes(), now).await
    }

    /// Counts this many bytes of orders that are still to be written.
    ///
    /// # Errors
    /// See [`Quotas::count_order`].
    pub(crate) async fn count_order_bytes(
        &self,
        tx: &impl ConnectionTrait,
        merchant: MerchantId,
        bytes: u64,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let most = self.order_bytes_per_day;
        if most == 0 || order::count_bytes(tx, merchant, now.date_naive(), bytes, most).await?.is_some() {
            return Ok(());
        }
        tracing::warn!(merchant.id = %merchant, most, "a merchant has written all the orders of this day");
        let detail = format!(
            "Your orders of this day take up the {} MiB that they may. The next begins at midnight UTC; your operator can allow more.",
            most / (1024 * 1024)
        );
        Err(tomorrow(detail, now))
    }

    /// The merchant's texts of the day; `None` without a limit.
    pub(crate) async fn pace(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        now: DateTime<Utc>,
    ) -> Result<Option<Pace>, DbErr> {
        if self.texts_per_day == 0 {
            return Ok(None);
        }
        let today = message::counted_texts(db, merchant, now.date_naive()).await?;
        Ok(Some(Pace { today, most: self.texts_per_day }))
    }

    /// Checks that this many more bytes may be stored.
    ///
    /// # Errors
    /// Returns 409 if the quota would be exceeded.
    pub(crate) async fn check_room(
        &self,
        db: &impl ConnectionTrait,
        merchant: MerchantId,
        more: u64,
    ) -> Result<(), Problem> {
        let most = self.stored_bytes;
        if most == 0 || link::stored_bytes(db, merchant).await?.saturating_add(more) <= most {
            return Ok(());
        }
        let detail = format!(
            "Your invoices take up the {} MiB that they may. Each is removed 90 days after it came; your operator can allow more.",
            most / (1024 * 1024)
        );
        Err(Problem::conflict("storage_full", detail))
    }
}

impl Pace {
    /// Whether most of them are used.
    pub(crate) const fn is_near(self) -> bool {
        self.today * 100 >= self.most * WARNED_AT
    }
}

fn too_many_texts(most: u64, now: DateTime<Utc>) -> Problem {
    let detail = format!(
        "You have sent the {most} texts of this day. The next begins at midnight UTC; your operator can allow more."
    );
    tomorrow(detail, now)
}

/// The day's limit is reached.
fn tomorrow(detail: String, now: DateTime<Utc>) -> Problem {
    let midnight = now.date_naive() + Days::new(1);
    let wait = (midnight.and_time(NaiveTime::MIN).and_utc() - now).to_std().unwrap_or_default();
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "daily_limit_reached", detail).after(wait)
}

/// Unfinished jobs per merchant. All merchants are counted together, at most every few seconds and only on demand,
/// since counting one merchant's jobs at each command gets more expensive the more there are.
#[derive(Debug, Default)]
pub(crate) struct Backlogs(Mutex<Option<CountedJobs>>);

#[derive(Debug)]
struct CountedJobs {
    at: Instant,
    jobs: HashMap<MerchantId, u64>,
}

impl Backlogs {
    /// Checks that the merchant may queue another job.
    ///
    /// # Errors
    /// Returns 429 if the quota is reached.
    pub(crate) async fn check(&self, db: &Db, merchant: MerchantId, quotas: &Quotas) -> Result<(), Problem> {
        let most = quotas.queued_jobs;
        if most == 0 || self.of(db, merchant).await? < most {
            return Ok(());
        }
        let detail = format!("{most} jobs of yours wait to be done already. Please wait until there are fewer.");
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_jobs", detail).after(LATER))
    }

    async fn of(&self, db: &Db, merchant: MerchantId) -> Result<u64, DbErr> {
        if let Some(jobs) = self.known(merchant) {
            return Ok(jobs);
        }
        let jobs = queue::admin::queued_by_merchant(db.pool()).await?;
        let found = jobs.get(&merchant).copied().unwrap_or_default();
        *self.lock() = Some(CountedJobs { at: Instant::now(), jobs });
        Ok(found)
    }

    /// The last count, if it is recent. If not, one caller counts while the others use the old value.
    fn known(&self, merchant: MerchantId) -> Option<u64> {
        let mut counted = self.lock();
        let counted = counted.as_mut()?;
        if counted.at.elapsed() >= COUNTED {
            counted.at = Instant::now();
            return None;
        }
        Some(counted.jobs.get(&merchant).copied().unwrap_or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Option<CountedJobs>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
