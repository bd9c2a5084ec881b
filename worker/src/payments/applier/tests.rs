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
use proptest::{prelude::*, test_runner::TestRunner};
use queue::{Claim, EnqueueOptions, claim_all, enqueue};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
/// The states of the links under test.
const STATES: [&str; 10] =
    ["unpaid", "unpaid", "unpaid", "unpaid", "unpaid", "processing", "voiding", "voided", "expired", "paid"];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A merchant with a link in each of these states, and another merchant with one.
struct World {
    folder: TempDir,
    merchant: MerchantId,
    links: Vec<LinkId>,
}

impl World {
    async fn new() -> Self {
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
    async fn told(&self, name: &str, told: &[Value]) -> Stage {
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
struct Stage {
    db: Db,
    jobs: Vec<JobId>,
}

impl Stage {
    async fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for job in &self.jobs {
            let Claim::Ours(lease) = claim_all(self.db.pool(), &[(*job, now())]).await.unwrap().remove(0) else {
                panic!("not ours")
            };
            let job = lease.payload().unwrap();
            items.push(Item { lease, job });
        }
        items
    }

    fn applying(&self) -> Applying {
        Applying { db: self.db.clone(), clock: Clock::stopped_at(now()) }
    }

    /// Applies each event as a group of one.
    async fn is_applied_one_by_one(&self) {
        for item in self.items().await {
            let _refused = apply_all(&self.db, &[item], now()).await.unwrap().remove(0);
        }
    }

    /// Applies all events together. Returns how many were applied.
    async fn is_applied_together(&self) -> usize {
        self.applying().handle(self.items().await).await.into_iter().map(Option::unwrap).filter_map(Result::ok).count()
    }

    /// All rows that applying changes, without generated ids.
    async fn rows(&self) -> Vec<String> {
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

async fn run(db: &Db, sql: &str) {
    db.pool().execute_unprepared(sql).await.unwrap();
}

async fn texts(db: &Db, query: &str) -> Vec<String> {
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

/// A Stripe event about a session of a link.
fn session(kind: &str, link: usize, status: &str, amount: i64) -> Value {
    json!({"type": format!("checkout.session.{kind}"), "data": {"object": {
        "id": format!("cs_{link}"), "payment_link": format!("plink_{link}"), "payment_intent": format!("pi_{link}"),
        "payment_status": status, "amount_total": amount, "currency": "usd", "livemode": false,
    }}})
}

fn paid(link: usize) -> Value {
    session("completed", link, "paid", 12_950)
}

fn any_event(links: Vec<LinkId>) -> impl Strategy<Value = Value> {
    let of_link = (0..=STATES.len(), 0..10_u8).prop_map(move |(link, what)| match what {
        0..=4 => paid(link),
        // A link twice in a group: by another session, as a pending payment, as a failed one.
        5 => session("completed", link, "unpaid", 12_950),
        6 => session("async_payment_failed", link, "unpaid", 12_950),
        7 => session("completed", link, "paid", 12_949),
        8 => json!({"type": "charge.refunded", "data": {"object": {
            "amount_refunded": 100, "currency": "usd", "payment_intent": format!("pi_{link}"),
            "metadata": {"paylink_link": links.get(link).map(ToString::to_string)},
        }}}),
        _ => session("completed", link + 100, "paid", 12_950),
    });
    let nothing = Just(json!({"type": "customer.created", "data": {"object": {}}}));
    let broken = Just(json!({"type": "checkout.session.completed", "data": {"object": {"id": 7}}}));
    prop_oneof![8 => of_link, 1 => nothing, 1 => broken]
}

#[test]
fn events_applied_together_leave_the_same_rows_as_one_by_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let events = proptest::collection::vec(any_event(world.links.clone()), 2..30);
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    let together = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&events, |events| {
            let (one_by_one, at_once) = runtime.block_on(async {
                let (single, group) = (world.told("single", &events).await, world.told("group", &events).await);
                single.is_applied_one_by_one().await;
                together.set(together.get() + group.is_applied_together().await);
                (single.rows().await, group.rows().await)
            });
            prop_assert_eq!(one_by_one, at_once);
            Ok(())
        })
        .unwrap();
    let together = together.get();
    assert!(together > 200, "only {together} events were applied together: the test shows little");
}

#[tokio::test]
async fn one_bad_event_does_not_fail_its_neighbours() {
    let world = World::new().await;
    let broken = json!({"type": "checkout.session.completed", "data": {"object": {"id": 7}}});
    let told = world.told("bad", &[paid(0), broken, paid(1), paid(9), paid(2)]).await;
    let done = told.applying().handle(told.items().await).await;
    let done: Vec<_> = done.into_iter().map(Option::unwrap).collect();
    assert_eq!(done.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true, true]);
    assert!(matches!(done[1], Err(JobError::Fail { .. })), "to read it again cannot help");
    let query = "SELECT stripe_link_id AS row FROM payment_link WHERE stripe_payment_intent IS NOT NULL ORDER BY 1";
    assert_eq!(texts(&told.db, query).await, ["plink_0", "plink_1", "plink_2", "plink_9"]);
    let told = texts(&told.db, "SELECT changes AS row FROM change_set ORDER BY id").await;
    let kinds = told.iter().flat_map(|set| set.lines()).filter_map(|line| line.split(' ').next());
    let mut told: Vec<&str> = kinds.filter(|kind| ["link.paid", "order.updated"].contains(kind)).collect();
    told.sort_unstable();
    // The fourth was paid before, and now has its payment's id.
    let expected = [vec!["link.paid"; 3], vec!["order.updated"; 3]].concat();
    assert_eq!(told, expected, "whoever follows is told of the links, and of the orders whose tag changed");
}

#[tokio::test]
async fn a_lease_that_was_lost_changes_nothing() {
    let world = World::new().await;
    let told = world.told("lost", &[paid(0), paid(1)]).await;
    let old = told.items().await;
    // Another worker considers both dead and claims one of them.
    let Claim::Ours(_) = claim_all(told.db.pool(), &[(told.jobs[0], now())]).await.unwrap().remove(0) else {
        panic!("not claimed")
    };
    assert!(told.applying().handle(old).await.iter().all(Option::is_none), "each is to be applied alone");
    let query = "SELECT state AS row FROM payment_link WHERE stripe_link_id IN ('plink_0', 'plink_1')";
    assert_eq!(texts(&told.db, query).await, ["unpaid", "unpaid"]);
    assert_eq!(texts(&told.db, "SELECT state AS row FROM job").await, ["queued", "queued"]);
}

#[tokio::test]
async fn a_link_that_was_moved_meanwhile_is_judged_again() {
    let world = World::new().await;
    let told = world.told("moved", &[paid(0)]).await;
    let items = told.items().await;
    let jobs: Vec<&ProcessStripeEvent> = items.iter().map(|item| &item.job).collect();
    let read = stripe_event::read_all(told.db.pool(), &jobs).await.unwrap();
    run(&told.db, "UPDATE payment_link SET state = 'voiding' WHERE stripe_link_id = 'plink_0'").await;

    let tx = told.db.begin().await.unwrap();
    stripe_event::apply(&tx, &read.iter().flatten().collect::<Vec<_>>(), now()).await.unwrap();
    tx.commit().await.unwrap();

    let timeline = link::timeline(told.db.pool(), world.links[0]).await.unwrap();
    let mut events: Vec<&str> = timeline.iter().map(|entry| entry.event.as_str()).collect();
    events.sort_unstable();
    assert_eq!(events, ["creating", "paid", "review", "void_refused"]);
}

#[tokio::test]
async fn what_is_told_of_a_purged_link_is_acted_on_and_not_kept() {
    let world = World::new().await;
    let told = world.told("purged", &[paid(0), paid(1)]).await;
    let link = link::find(told.db.pool(), world.merchant, world.links[0]).await.unwrap().unwrap();
    let tx = told.db.begin().await.unwrap();
    link::purge(&tx, &link, now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(told.is_applied_together().await, 2);
    let kept = "SELECT (payload IS NULL) || ' ' || webhook_outcome.state AS row FROM webhook_event \
        JOIN webhook_outcome ON event_id = id ORDER BY id";
    assert_eq!(texts(&told.db, kept).await, ["1 applied", "0 applied"]);
    let states = "SELECT state AS row FROM payment_link WHERE stripe_link_id IN ('plink_0', 'plink_1')";
    assert_eq!(texts(&told.db, states).await, ["paid", "paid"]);
}
