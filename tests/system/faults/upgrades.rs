//! Every schema that a version ran on is upgraded while that version keeps running: fifty times a second it sells, with
//! the statements of the first version, which all later ones had to support. The binaries of those versions are not
//! here, so their statements stand for them; the previous binary next to its successor is tested in `balancer`.

use std::{
    collections::BTreeMap,
    process::Stdio,
    time::{Duration, Instant},
};

use domain::{LinkId, LinkState, MerchantId, OrderId};
use entity::{Db, link, order};
use migration::{Migrate, Migrator};
use sea_orm::{ConnectionTrait, Statement, prelude::Uuid};
use tokio::{sync::watch, time::interval};

use crate::support::{Database, command, eventually, folder, fresh_postgresql};

/// The last step of each such schema.
const STOOD: [&str; 10] = [
    "m0011_hot_rows",
    "m0012_hot_keys",
    "m0024_opt_outs",
    "m0049_expected",
    "m0058_room_for_payments",
    "m0066_order_volume",
    "m0077_pauses_and_assignments",
    "m0099_batch_rows_shown",
    "m0113_link_sums_from_before",
    "m0124_few_of_years",
];

/// How many links there are before: half are closed, one in forty is in transit, and the others can be paid.
const LINKS: i32 = 8_000;
const LINKS_FROM_BEFORE: [&str; 3] = [
    "INSERT INTO orders (id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, created_at) \
        SELECT gen_random_uuid(), $1::uuid, n, 'Example Buyer', '+12025550123', 1000, 'usd', '{\"items\":[]}', \
            CASE WHEN n % 40 BETWEEN 1 AND 20 THEN 'none' ELSE 'unpaid' END, now() FROM generate_series(1, $2) AS n",
    "INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document, \
        stripe_link_id, stripe_url, livemode, created_at, expires_at) \
        SELECT gen_random_uuid(), merchant_id, id, 'unpaid', sha256(id::text::bytea), 'INV-1', 1000, 'usd', 'a.pdf', \
            'plink_' || id, 'https://buy.stripe.com/1', false, now(), now() + interval '30 days' FROM orders, given \
            WHERE merchant_id = given.merchant AND number::int <= given.links",
    "UPDATE payment_link SET state = CASE WHEN number::int % 40 = 0 THEN 'processing' WHEN number::int % 2 = 0 THEN 'voided' \
            ELSE 'expired' END FROM orders WHERE orders.id = payment_link.order_id AND number::int % 40 <= 20",
];

/// Of the links from before, those that are paid meanwhile: all in transit, as many that are open, and as many closed.
const TO_BE_PAID: &str = "SELECT link.id FROM payment_link AS link JOIN orders ON orders.id = order_id \
    WHERE number::int % 40 IN (0, 2, 22) ORDER BY number::int";
const PAID: [&str; 2] = [
    "UPDATE payment_link SET state = 'paid', paid_at = now() WHERE id = $1",
    "UPDATE orders SET tag = 'paid' WHERE id = (SELECT order_id FROM payment_link WHERE id = $1)",
];

/// What the tables beside the links and orders lack of them, or have beside them.
const UNLIKE: [&str; 3] = [
    "SELECT count(*) AS n FROM payment_link AS link FULL JOIN open_link AS kept ON kept.link_id = link.id \
        AND kept.order_id = link.order_id AND kept.merchant_id = link.merchant_id WHERE (link.id IS NULL OR kept.link_id IS NULL) \
        AND (link.id IS NULL OR link.state NOT IN ('paid', 'voided', 'expired'))",
    "SELECT count(*) AS n FROM payment_link AS link FULL JOIN closed_link AS kept ON kept.link_id = link.id \
        AND kept.state = link.state AND kept.order_id = link.order_id AND kept.merchant_id = link.merchant_id \
        WHERE (link.id IS NULL OR kept.link_id IS NULL) AND (link.id IS NULL OR link.state NOT IN ('unpaid', 'paid'))",
    "SELECT count(*) AS n FROM orders FULL JOIN unasked_order AS kept ON kept.order_id = orders.id \
        AND kept.merchant_id = orders.merchant_id WHERE (orders.id IS NULL OR kept.order_id IS NULL) \
        AND (orders.id IS NULL OR orders.tag = 'none')",
];

/// How long a statement may wait for a step: a step stops waiting after a second, and tries again. The rest is for a
/// busy machine.
const HELD_UP: Duration = Duration::from_secs(3);

const MERCHANT: &str = "INSERT INTO merchant (id, name, region, time_zone, sms_rate, created_at) \
    VALUES ($1, 'Example', 'US', 'UTC', 1, now())";

/// What the first version wrote of a sale, one statement after the other. `$1` is the merchant, `$2` the order, `$3`
/// the link.
const SALE: [&str; 6] = [
    "INSERT INTO orders (id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, created_at) \
        VALUES ($2, $1, $3::text, 'Example Buyer', '+12025550123', 1000, 'usd', '{\"items\":[]}', 'none', now())",
    "INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document, \
        created_at, expires_at) VALUES ($3, $1, $2, 'creating', sha256($3::text::bytea), 'INV-1', 1000, 'usd', 'staging/1.pdf', \
        now(), now() + interval '30 days')",
    "INSERT INTO link_event (id, link_id, at, event) VALUES (gen_random_uuid(), $3, now(), 'creating')",
    "UPDATE payment_link SET state = 'unpaid', stripe_link_id = 'plink_' || $3::text, stripe_url = 'https://buy.stripe.com/1', \
        stripe_attempt = 1, stripe_attempted_at = now(), livemode = false WHERE id = $3 AND state = 'creating'",
    "UPDATE orders SET tag = 'paid' WHERE id = $2 AND merchant_id = $1",
    "UPDATE payment_link SET state = 'paid', paid_at = now(), stripe_payment_intent = 'pi_' || $3::text WHERE id = $3 AND state = 'unpaid'",
];

/// What was sold, and the duration of the longest statement.
#[derive(Debug, Default)]
struct Sold {
    links: BTreeMap<LinkId, OrderId>,
    longest: Duration,
}

async fn sells_until(db: Db, merchant: MerchantId, is_over: watch::Receiver<bool>) -> Sold {
    let (mut sold, mut pace) = (Sold::default(), interval(Duration::from_millis(20)));
    while !*is_over.borrow() {
        pace.tick().await;
        let now = chrono::Utc::now();
        let (order, link) = (OrderId::new(now), LinkId::new(now));
        for sql in SALE {
            // A statement names those that it uses, and PostgreSQL wants to know the type of each.
            let typed = format!("WITH ids AS (SELECT $1::uuid, $2::uuid, $3::uuid) {sql}");
            let values = [merchant.uuid().into(), order.uuid().into(), link.uuid().into()];
            let begin = Instant::now();
            let done =
                db.pool().execute_raw(Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, typed, values));
            if let Err(error) = done.await {
                panic!("the version before is refused: {error}: {sql}");
            }
            sold.longest = sold.longest.max(begin.elapsed());
        }
        sold.links.insert(link, order);
    }
    sold
}

/// Links from before are paid one after the other. Returns how long the longest statement took.
async fn are_paid_until(db: Db, links: Vec<Uuid>, is_over: watch::Receiver<bool>) -> Duration {
    let (mut longest, mut pace) = (Duration::ZERO, interval(Duration::from_millis(5)));
    for id in links {
        if *is_over.borrow() {
            break;
        }
        pace.tick().await;
        for sql in PAID {
            let begin = Instant::now();
            let paid = Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, sql, [id.into()]);
            db.pool().execute_raw(paid).await.unwrap();
            longest = longest.max(begin.elapsed());
        }
    }
    longest
}

/// A database with the schema up to the step `last`, a merchant and [`LINKS`].
async fn of_before(url: &str, last: &str) -> (Db, MerchantId) {
    let db = Db::open(url, 4).await.unwrap();
    let steps = Migrator::migrations().iter().position(|step| step.name() == last).expect("a step of this name");
    Migrator::up(db.pool(), Some(u32::try_from(steps + 1).unwrap())).await.unwrap();
    let merchant = MerchantId::new(chrono::Utc::now());
    let values = [merchant.uuid().into()];
    db.pool()
        .execute_raw(Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, MERCHANT, values))
        .await
        .unwrap();
    for sql in LINKS_FROM_BEFORE {
        let values = [merchant.uuid().into(), LINKS.into()];
        let typed = format!("WITH given AS (SELECT $1::uuid AS merchant, $2::int AS links) {sql}");
        db.pool()
            .execute_raw(Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, typed, values))
            .await
            .unwrap();
    }
    (db, merchant)
}

async fn is_upgraded_under_load(last: &str) {
    let (url, place) = (fresh_postgresql().await, folder("paylink-"));
    let (db, merchant) = of_before(&url, last).await;
    let over = watch::Sender::new(false);
    let paid = Statement::from_string(sea_orm::DbBackend::Postgres, TO_BE_PAID);
    let paid = db.pool().query_all_raw(paid).await.unwrap();
    let paid = paid.iter().map(|row| row.try_get("", "id").unwrap()).collect();
    let paying = tokio::spawn(are_paid_until(Db::open(&url, 2).await.unwrap(), paid, over.subscribe()));
    let selling = tokio::spawn(sells_until(Db::open(&url, 2).await.unwrap(), merchant, over.subscribe()));

    let mut migrate = command(&Database::Postgresql { url }, place.path(), 0);
    migrate.arg("migrate").stdout(Stdio::piped()).stderr(Stdio::piped());
    let migrated = tokio::task::spawn_blocking(move || migrate.output().unwrap()).await.unwrap();
    assert!(migrated.status.success(), "from {last}: {migrated:?}");
    // A while beside the new schema.
    tokio::time::sleep(Duration::from_secs(1)).await;
    over.send_replace(true);
    let (sold, paying) = (selling.await.unwrap(), paying.await.unwrap());

    println!(
        "from {last}: {} sales, {:?} the longest statement, {paying:?} of a payment",
        sold.links.len(),
        sold.longest
    );
    let longest = sold.longest.max(paying);
    assert!(longest < HELD_UP, "from {last}: it was held up for {longest:?}");
    for (id, of) in &sold.links {
        let link = link::find(db.pool(), merchant, *id).await.unwrap().expect("a link that was sold");
        assert_eq!((link.state, link.order_id), (LinkState::Paid, *of));
        let order = order::find(db.pool(), merchant, *of).await.unwrap().expect("an order that was sold");
        assert_eq!(order.tag, order::Tag::Paid);
        let timeline = link::timeline(db.pool(), *id).await.unwrap();
        assert_eq!(timeline.len(), 1, "{timeline:?}");
    }
    for sql in UNLIKE {
        assert_eq!(count(&db, sql).await, 0, "from {last}: {sql}");
    }
}

async fn count(db: &Db, sql: &str) -> i64 {
    let row = db.pool().query_one_raw(Statement::from_string(sea_orm::DbBackend::Postgres, sql)).await;
    row.unwrap().unwrap().try_get("", "n").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schema_that_a_version_ran_on_is_upgraded_while_it_sells() {
    for last in STOOD {
        is_upgraded_under_load(last).await;
    }
}

/// Steps that once held all links or orders until they were copied: the step before, what is to be there although the
/// step has to wait for somebody who reads links, and how often.
const COPIED_AHEAD: [(&str, &str, i64); 2] = [
    ("m0027_invoices", "SELECT count(*) AS n FROM open_link", LINKS as i64 / 2),
    ("m0032_restoration", "SELECT count(*) AS n FROM orders WHERE number_key = number", LINKS as i64 - 1),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_and_orders_are_copied_before_their_step_locks_the_table() {
    for (before, copied, how_often) in COPIED_AHEAD {
        let (url, place) = (fresh_postgresql().await, folder("paylink-"));
        let (db, _) = of_before(&url, before).await;
        // Two orders of one number: the newer one is found by it.
        let twice = "UPDATE orders SET number = '1' WHERE number = '2'";
        db.pool().execute_unprepared(twice).await.unwrap();
        let reader = db.begin().await.unwrap();
        reader.execute_unprepared("SELECT count(*) FROM payment_link").await.unwrap();

        let mut migrate = command(&Database::Postgresql { url }, place.path(), 0);
        migrate.arg("migrate").stdout(Stdio::piped()).stderr(Stdio::piped());
        let migrating = tokio::task::spawn_blocking(move || migrate.output().unwrap());
        let table = if before == "m0027_invoices" { "open_link" } else { "orders" };
        eventually(copied, async || {
            let is_there = format!(
                "SELECT count(*) AS n FROM pg_attribute WHERE attrelid = to_regclass('{table}') \
                    AND attname IN ('check_at', 'number_key')"
            );
            (count(&db, &is_there).await == 1 && count(&db, copied).await == how_often).then_some(())
        })
        .await;
        reader.rollback().await.unwrap();
        let migrated = migrating.await.unwrap();
        assert!(migrated.status.success(), "after {before}: {migrated:?}");
        let older = "SELECT count(*) AS n FROM orders WHERE (number_key IS NULL) <> EXISTS (SELECT 1 FROM orders AS newer \
            WHERE newer.merchant_id = orders.merchant_id AND newer.number = orders.number AND newer.id > orders.id)";
        assert_eq!(count(&db, older).await, 0, "after {before}");
    }
}
