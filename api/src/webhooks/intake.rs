//! Stores incoming webhooks. Under load many share one transaction; none is acknowledged before its commit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::Clock;
use entity::{
    Db, is_conflict, retry_conflicts,
    webhook_event::{self, NewEvent},
};
use queue::{BatchError, BatchHandler, Batcher, Limits, Queue, event_jobs};
use sea_orm::{DbErr, RuntimeErr, sqlx};

use super::{TIMEOUT, keyring::Keyring, refusals::Refusals, volume::Volume};
use crate::{Api, Problem};

/// The longest id or type of an event.
const LONGEST_WORD: usize = 255;

/// Stores webhooks. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    /// The connections reserved for webhooks.
    pub(super) db: Db,
    pub(super) keyring: Arc<Keyring>,
    pub(super) refusals: Arc<Refusals>,
    volume: Arc<Volume>,
    store: Batcher<Store>,
}

/// A verified webhook.
#[derive(Debug)]
pub(super) struct IncomingWebhook(NewEvent);

impl IncomingWebhook {
    /// An event.
    ///
    /// # Errors
    /// Returns an error if the database cannot store the sender's id or type.
    pub(super) fn new(event: NewEvent) -> Result<Self, Problem> {
        let is_sound =
            |word: &str| !word.is_empty() && word.len() <= LONGEST_WORD && !word.chars().any(char::is_control);
        if !is_sound(&event.external_id) || !is_sound(&event.kind) {
            return Err(Problem::malformed("The event's id or type is not one."));
        }
        Ok(Self(event))
    }
}

impl Intake {
    /// Stores webhooks for this API.
    pub(crate) fn new(api: &Api) -> Self {
        // A separate pool, so that long lists cannot delay the report of a payment.
        let db = api.db.aside();
        // The caller's timeout is shorter than the group's, so that it can answer that the database is unavailable.
        let limits = Limits {
            group: 256,
            at_once: db.groups_at_once(),
            waiting: 1024,
            patience: 2 * TIMEOUT,
            pace: Duration::ZERO,
        };
        let keyring = Arc::new(Keyring::new(db.clone()));
        let volume = Arc::new(Volume::new(api.quotas.webhook_bytes_per_day, &api.queue));
        let store = Store { db: db.clone(), queue: api.queue.clone(), clock: api.clock.clone() };
        Self { db, keyring, refusals: Arc::default(), volume, store: Batcher::new(store, limits) }
    }

    /// Stores an event, which stands for the job that will apply it; a known event changes nothing. It is committed when
    /// this returns. Fails with 429 if the merchant received too much lately.
    pub(super) async fn store(&self, incoming: IncomingWebhook) -> Result<(), Problem> {
        self.volume.admit(incoming.0.merchant_id, incoming.0.payload.len(), Instant::now())?;
        match self.store.submit(incoming).await {
            Ok(stored) => Ok(stored?),
            Err(error @ BatchError::Full) => Err(Problem::unavailable("overloaded", error)),
            Err(error @ BatchError::Lost) => Err(Problem::internal(error)),
        }
    }
}

/// Stores groups of webhooks.
struct Store {
    db: Db,
    queue: Queue,
    clock: Clock,
}

impl BatchHandler for Store {
    type Item = IncomingWebhook;
    type Answer = Result<(), DbErr>;

    async fn handle(&self, group: Vec<IncomingWebhook>) -> Vec<Self::Answer> {
        match retry_conflicts(|| self.store(&group), |error: &DbErr| is_conflict(error)).await {
            Ok(()) => group.iter().map(|_| Ok(())).collect(),
            Err(error) if group.len() > 1 && is_refusal(&error) => self.store_each(&group).await,
            Err(error) => group.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

impl Store {
    /// Stores events, all or none, and notifies Redis of the jobs of the new ones after the commit, without waiting.
    async fn store(&self, group: &[IncomingWebhook]) -> Result<(), DbErr> {
        let now = self.clock.now();
        let events = group.iter().map(|one| &one.0);
        let new = webhook_event::store(self.db.writer(), events.clone(), now).await?;
        let new = events.filter(|event| new.contains(&event.id));
        self.queue.notify(new.map(|event| event_jobs::enqueued(event.id, event.merchant_id, event.source, now)));
        Ok(())
    }

    /// Stores the events one by one, because the database refuses one of them.
    async fn store_each(&self, group: &[IncomingWebhook]) -> Vec<Result<(), DbErr>> {
        let mut answers = Vec::with_capacity(group.len());
        let mut away: Option<DbErr> = None;
        for one in group {
            let answer = match &away {
                Some(error) => Err(error.clone()),
                None => self.store(std::slice::from_ref(one)).await,
            };
            away = answer.as_ref().err().filter(|error| !is_refusal(error)).cloned();
            answers.push(answer);
        }
        answers
    }
}

/// Whether the database answered with an error.
fn is_refusal(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    matches!(error.as_ref(), sqlx::Error::Database(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;
    use domain::{MerchantId, Region, WebhookEventId};
    use entity::{
        merchant::{self, NewMerchant},
        webhook_event::Source,
    };
    use migration::{Migrate, Migrator};
    use queue::redis::RedisQueues;
    use sea_orm::{ConnectionTrait, Statement};
    use tempfile::TempDir;

    struct Test {
        store: Store,
        merchant: MerchantId,
        _folder: TempDir,
    }

    /// A store on a fresh database and without a reachable Redis, on which storing must not depend.
    async fn test() -> Test {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}/test.db?mode=rwc", folder.path().display()), 4).await.unwrap();
        Migrator::up(db.pool(), None).await.unwrap();
        let new = NewMerchant {
            name: "Example Bakery".to_owned(),
            contact: None,
            region: Region::parse("US").unwrap(),
            time_zone: merchant::parse_zone("UTC").unwrap(),
        };
        let merchant = merchant::insert(db.pool(), new, Utc::now()).await.unwrap().id;
        let queue = Queue::new(RedisQueues::open("redis://127.0.0.1:1", "test", Clock::system()).unwrap(), db.clone());
        Test { store: Store { db, queue, clock: Clock::system() }, merchant, _folder: folder }
    }

    impl Test {
        async fn count(&self, table: &str) -> i64 {
            let pool = self.store.db.pool();
            let count = format!("SELECT count(*) AS n FROM {table}");
            let row = pool.query_one_raw(Statement::from_string(pool.get_database_backend(), count)).await.unwrap();
            row.unwrap().try_get("", "n").unwrap()
        }
    }

    fn incoming(merchant: MerchantId, [external_id, kind]: [&str; 2]) -> Result<IncomingWebhook, Problem> {
        let new = NewEvent {
            id: WebhookEventId::new(Utc::now()),
            merchant_id: merchant,
            source: Source::Stripe,
            external_id: external_id.to_owned(),
            kind: kind.to_owned(),
            payload: "{}".to_owned(),
            traceparent: None,
        };
        IncomingWebhook::new(new)
    }

    fn event(merchant: MerchantId, name: &str) -> IncomingWebhook {
        incoming(merchant, [name, "checkout.session.completed"]).unwrap()
    }

    #[tokio::test]
    async fn events_that_come_together_are_stored_without_rows_of_jobs() {
        let test = test().await;
        let group = (0..100).map(|number| event(test.merchant, &format!("evt_{number}"))).collect();
        assert!(test.store.handle(group).await.iter().all(Result::is_ok));
        assert_eq!((test.count("webhook_event").await, test.count("job").await), (100, 0));
    }

    #[tokio::test]
    async fn a_duplicate_is_accepted_and_changes_nothing_in_its_group_or_after_it() {
        let test = test().await;
        let group = || ["evt_1", "evt_2", "evt_1"].map(|name| event(test.merchant, name)).into();
        for _ in 0..2 {
            assert!(test.store.handle(group()).await.iter().all(Result::is_ok));
            assert_eq!(test.count("webhook_event").await, 2);
        }
    }

    #[tokio::test]
    async fn one_that_the_database_refuses_does_not_fail_its_neighbours() {
        let test = test().await;
        let nobody = MerchantId::new(Utc::now());
        let group = vec![event(test.merchant, "evt_1"), event(nobody, "evt_2"), event(test.merchant, "evt_3")];
        let answers = test.store.handle(group).await;
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(test.count("webhook_event").await, 2);
    }

    #[tokio::test]
    async fn words_that_no_database_can_hold_are_refused() {
        let merchant = MerchantId::new(Utc::now());
        for word in ["", "evt\0", "evt\n1", &"x".repeat(256)] {
            for words in [[word, "charge.refunded"], ["evt_1", word]] {
                assert!(incoming(merchant, words).is_err(), "{words:?}");
            }
        }
    }
}
