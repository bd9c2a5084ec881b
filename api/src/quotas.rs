//! Quotas per merchant, so that a stolen key or a runaway program cannot fill the disk, flood the queues, or text people endlessly.

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

/// How long a count of queued jobs is believed.
const COUNTED: Duration = Duration::from_secs(5);

/// When to come again whose jobs are too many.
const LATER: Duration = Duration::from_secs(30);

/// From how many percent of the day's texts on there is a warning that they are running out.
const WARNED_AT: u64 = 80;

/// Most of each, for each merchant; 0 is as much as wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quotas {
    /// Texts that its keys send in a day, by UTC.
    pub texts_per_day: u64,
    /// Bytes of orders that its keys write in a day, by UTC.
    pub order_bytes_per_day: u64,
    /// Bytes of webhooks that are taken for it in a day, whenever it begins.
    pub webhook_bytes_per_day: u64,
    /// Bytes of invoices in the store.
    pub stored_bytes: u64,
    /// Jobs that wait, or are being done.
    pub queued_jobs: u64,
}

/// How the day's texts of a merchant stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How many were accepted today.
    pub(crate) today: u64,
    /// How many are at most.
    pub(crate) most: u64,
}

impl Quotas {
    /// Counts one more text of this day, in the transaction that accepts it.
    ///
    /// # Errors
    /// 429 when there are as many already.
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

    /// Counts what was written of an order, in the transaction that writes it: as its last step, because others of the merchant's wait
    /// for each other from here on.
    ///
    /// # Errors
    /// 429 when as much was written today already.
    pub(crate) async fn count_order(
        &self,
        tx: &impl ConnectionTrait,
        order: &Order,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        self.count_order_bytes(tx, order.merchant_id, order.bytes(), now).await
    }

    /// The same of so many bytes of orders that are yet to be written.
    ///
    /// # Errors
    /// As [`Quotas::count_order`].
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

    /// How the day's texts stand; nothing if there is no limit.
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

    /// Looks whether so many more bytes may be stored.
    ///
    /// # Errors
    /// 409 when they may not.
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
    /// Whether most of them are sent.
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

/// There is no more of it today.
fn tomorrow(detail: String, now: DateTime<Utc>) -> Problem {
    let midnight = now.date_naive() + Days::new(1);
    let wait = (midnight.and_time(NaiveTime::MIN).and_utc() - now).to_std().unwrap_or_default();
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "daily_limit_reached", detail).after(wait)
}

/// How many jobs of each merchant wait. All are counted at once, every few seconds, and only if somebody asks: to count one merchant's
/// at each command would cost the more, the more there are.
#[derive(Debug, Default)]
pub(crate) struct Backlogs(Mutex<Option<Counted>>);

#[derive(Debug)]
struct Counted {
    at: Instant,
    jobs: HashMap<MerchantId, u64>,
}

impl Backlogs {
    /// Looks whether the merchant may queue one more job.
    ///
    /// # Errors
    /// 429 when as many wait already.
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
        *self.lock() = Some(Counted { at: Instant::now(), jobs });
        Ok(found)
    }

    /// As it was counted, if that is not long ago. Whoever finds that it is, counts; the others go on with what is known.
    fn known(&self, merchant: MerchantId) -> Option<u64> {
        let mut counted = self.lock();
        let counted = counted.as_mut()?;
        if counted.at.elapsed() >= COUNTED {
            counted.at = Instant::now();
            return None;
        }
        Some(counted.jobs.get(&merchant).copied().unwrap_or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
