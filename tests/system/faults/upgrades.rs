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
use sea_orm::{ConnectionTrait, Statement};
use tokio::{sync::watch, time::interval};

use crate::support::{Database, command, folder, fresh_postgresql};

/// The last step of each such schema.
const STOOD: [&str; 6] = [
    "m0011_hot_rows",
    "m0012_hot_keys",
    "m0024_opt_outs",
    "m0049_expected",
    "m0058_room_for_payments",
    "m0066_order_volume",
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

async fn is_upgraded_under_load(last: &str) {
    let (url, place) = (fresh_postgresql().await, folder("paylink-"));
    let db = Db::open(&url, 4).await.unwrap();
    let steps = Migrator::migrations().iter().position(|step| step.name() == last).expect("a step of this name");
    Migrator::up(db.pool(), Some(u32::try_from(steps + 1).unwrap())).await.unwrap();
    let merchant = MerchantId::new(chrono::Utc::now());
    let values = [merchant.uuid().into()];
    db.pool()
        .execute_raw(Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, MERCHANT, values))
        .await
        .unwrap();
    let over = watch::Sender::new(false);
    let selling = tokio::spawn(sells_until(Db::open(&url, 2).await.unwrap(), merchant, over.subscribe()));

    let mut migrate = command(&Database::Postgresql { url }, place.path(), 0);
    migrate.arg("migrate").stdout(Stdio::piped()).stderr(Stdio::piped());
    let migrated = tokio::task::spawn_blocking(move || migrate.output().unwrap()).await.unwrap();
    assert!(migrated.status.success(), "from {last}: {migrated:?}");
    // A while beside the new schema.
    tokio::time::sleep(Duration::from_secs(1)).await;
    over.send_replace(true);
    let sold = selling.await.unwrap();

    println!("from {last}: {} sales, {:?} the longest statement", sold.links.len(), sold.longest);
    assert!(sold.longest < HELD_UP, "from {last}: it was held up for {:?}", sold.longest);
    for (id, of) in &sold.links {
        let link = link::find(db.pool(), merchant, *id).await.unwrap().expect("a link that was sold");
        assert_eq!((link.state, link.order_id), (LinkState::Paid, *of));
        let order = order::find(db.pool(), merchant, *of).await.unwrap().expect("an order that was sold");
        assert_eq!(order.tag, order::Tag::Paid);
        let timeline = link::timeline(db.pool(), *id).await.unwrap();
        assert_eq!(timeline.len(), 1, "{timeline:?}");
    }
    let open = "SELECT count(*) AS n FROM open_link";
    let open = db.pool().query_one_raw(Statement::from_string(sea_orm::DbBackend::Postgres, open)).await;
    assert_eq!(open.unwrap().unwrap().try_get::<i64>("", "n").unwrap(), 0, "from {last}: what is paid is not open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schema_that_a_version_ran_on_is_upgraded_while_it_sells() {
    for last in STOOD {
        is_upgraded_under_load(last).await;
    }
}
