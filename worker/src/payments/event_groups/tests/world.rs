//! Merchants with links in many states, and their rows, which are copied for each way of applying events.

use std::{collections::BTreeMap, path::Path};

use chrono::TimeDelta;
use domain::{JobId, MerchantId, Money, Region, Secret, Vault, WebhookEventId};
use entity::{
    link::{self, NewLink},
    merchant::{self, NewMerchant},
    order::{self, Details, NewOrder},
    webhook_event::{NewEvent, Source},
};
use migration::{Migrate, Migrator};
use queue::{Claim, EnqueueOptions, claim_all, enqueue};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use tempfile::TempDir;

use super::super::*;

/// The states of the links under test.
pub(super) const STATES: [&str; 10] =
    ["unpaid", "unpaid", "unpaid", "unpaid", "unpaid", "processing", "voiding", "voided", "expired", "paid"];

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A merchant with a link in each of these states, and another merchant with one.
pub(super) struct World {
    folder: TempDir,
    pub(super) merchant: MerchantId,
    pub(super) links: Vec<LinkId>,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder.path().join("world.db")).await;
        Migrator::up(db.pool(), None).await.unwrap();
        let (merchant, stranger) = (make_merchant(&db).await, make_merchant(&db).await);
        let mut links = Vec::new();
        for (number, state) in STATES.iter().enumerate() {
            links.push(make_link(&db, merchant, number, state).await);
        }
        make_link(&db, stranger, STATES.len(), "unpaid").await;
        Self { folder, merchant, links }
    }

    /// A separate copy of the database, with these events and a job for each.
    pub(super) async fn told(&self, name: &str, told: &[Value]) -> Stage {
        let path = self.folder.path().join(format!("{name}.db"));
        let original = open(&self.folder.path().join("world.db")).await;
        let _ = std::fs::remove_file(&path);
        run(&original, &format!("VACUUM INTO '{}'", path.display())).await;
        let db = open(&path).await;
        let mut jobs = Vec::new();
        for (number, body) in told.iter().enumerate() {
            jobs.push(self.store(&db, number, body).await);
        }
        Stage { db, jobs }
    }

    async fn store(&self, db: &Db, number: usize, body: &Value) -> JobId {
        // The ids are the same in each copy, so that its rows can be compared.
        let event = WebhookEventId::from_uuid(uuid::Uuid::from_u128(u128::try_from(number).unwrap() + 1));
        let new = NewEvent {
            id: event,
            merchant_id: self.merchant,
            source: Source::Stripe,
            external_id: format!("evt_{number}"),
            kind: body["type"].as_str().unwrap_or("none").to_owned(),
            payload: body.to_string(),
            traceparent: None,
        };
        webhook_event::store(db.writer(), [&new], now()).await.unwrap();
        let job = ProcessStripeEvent { merchant: self.merchant, event };
        let options = EnqueueOptions::for_merchant(self.merchant);
        enqueue(db.writer(), &job, options, now()).await.unwrap().unwrap().job
    }
}

/// A database that has received events.
pub(super) struct Stage {
    pub(super) db: Db,
    pub(super) jobs: Vec<JobId>,
}

impl Stage {
    pub(super) async fn items(&self) -> Vec<Item> {
        self.items_of(&self.jobs).await
    }

    pub(super) async fn items_of(&self, jobs: &[JobId]) -> Vec<Item> {
        let mut items = Vec::new();
        for job in jobs {
            let Claim::Ours(lease) = claim_all(self.db.pool(), &[(*job, now())]).await.unwrap().remove(0) else {
                panic!("not ours")
            };
            let job = lease.payload().unwrap();
            items.push(Item { lease, job });
        }
        items
    }

    pub(super) fn applying(&self) -> Applying {
        Applying { db: self.db.clone(), clock: Clock::stopped_at(now()) }
    }

    /// Applies each event as a group of one.
    pub(super) async fn is_applied_one_by_one(&self) {
        for item in self.items().await {
            let _refused = apply_all(&self.db, &[item], now()).await.unwrap().remove(0);
        }
    }

    /// Applies all events together. Returns how many were applied.
    pub(super) async fn is_applied_together(&self) -> usize {
        self.applying().handle(self.items().await).await.into_iter().map(Option::unwrap).filter_map(Result::ok).count()
    }

    /// All rows that applying changes, without generated ids.
    pub(super) async fn rows(&self) -> Vec<String> {
        let queries = [
            "SELECT id, state, stripe_session_id, failed_sessions, stripe_payment_intent, review, paid_at FROM payment_link ORDER BY id",
            "SELECT link_id, at, event, detail FROM link_event ORDER BY link_id, event, detail",
            "SELECT id, tag FROM orders ORDER BY id",
            "SELECT id, payload IS NULL FROM webhook_event ORDER BY id",
            "SELECT event_id, state, error, link_id, applied_at FROM webhook_outcome ORDER BY event_id",
            "SELECT payload, state, attempt, claimed_at, finished_at FROM job ORDER BY payload",
            "SELECT merchant_id, last_event_at FROM stripe_integration ORDER BY merchant_id",
        ];
        let mut rows = Vec::new();
        for query in queries {
            let (_, rest) = query.split_once("SELECT ").unwrap();
            let (columns, table) = rest.split_once(" FROM ").unwrap();
            let columns: Vec<String> = columns.split(", ").map(|column| format!("quote({column})")).collect();
            let query = format!("SELECT {} AS row FROM {table}", columns.join(" || ' ' || "));
            rows.extend(texts(&self.db, &query).await);
        }
        rows
    }
}

async fn open(path: &Path) -> Db {
    Db::open(&format!("sqlite://{}?mode=rwc", path.display()), 2).await.unwrap()
}

pub(super) async fn run(db: &Db, sql: &str) {
    db.pool().execute_unprepared(sql).await.unwrap();
}

pub(super) async fn texts(db: &Db, query: &str) -> Vec<String> {
    let pool = db.pool();
    let rows = pool.query_all_raw(Statement::from_string(pool.get_database_backend(), query)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "row").unwrap()).collect()
}

async fn make_merchant(db: &Db) -> MerchantId {
    let new = NewMerchant {
        name: "Example Bakery".to_owned(),
        contact: None,
        region: Region::parse("US").unwrap(),
        time_zone: "UTC".to_owned(),
    };
    merchant::insert(db.pool(), new, now()).await.unwrap().id
}

async fn make_link(db: &Db, merchant_id: MerchantId, number: usize, state: &str) -> LinkId {
    let money = Money::parse("129.50", "usd".parse().unwrap()).unwrap();
    let order = NewOrder {
        merchant_id,
        number: number.to_string(),
        customer_name: "Example Buyer".to_owned(),
        customer_phone: domain::PhoneNumber::parse("+12025550123", Region::parse("US").unwrap()).unwrap(),
        money,
        details: Details::default(),
        dates: order::Dates::default(),
        kept: order::Kept::default(),
    };
    let tx = db.begin().await.unwrap();
    let order = order::insert(&tx, order, now()).await.unwrap();
    let vault = Vault::new(&Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).unwrap();
    let id = LinkId::new(now());
    let new = NewLink {
        id,
        merchant_id,
        order_id: order.id,
        token: vault.link_token(id),
        invoice_number: number.to_string(),
        money,
        document: "a.pdf".to_owned(),
        document_bytes: 0,
        document_sha256: domain::sha256(b""),
        expires_at: now() + TimeDelta::days(30),
        metadata: BTreeMap::new(),
        payment_methods: domain::PaymentMethods::default(),
        reminding: domain::OwnReminding::default(),
        receipt: None,
        actor: None,
    };
    let link = link::insert(&tx, new, now()).await.unwrap();
    tx.commit().await.unwrap();
    let paid_at = if state == "paid" { "created_at" } else { "NULL" };
    let set = format!(
        "UPDATE payment_link SET state = '{state}', stripe_link_id = 'plink_{number}', livemode = false, paid_at = {paid_at} \
         WHERE id = x'{}'",
        link.id.uuid().simple()
    );
    run(db, &set).await;
    link.id
}
