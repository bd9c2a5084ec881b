//! The way of events from Stripe's request to paid links.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use domain::{Clock, LinkId, MerchantId, Money, PhoneNumber, Region, Secret, Vault};
use entity::{
    Db,
    link::{self, NewLink},
    order::{self, Details, NewOrder},
};
use sea_orm::{ConnectionTrait, Statement};

use super::{
    LINKS, cpu,
    events::call,
    load,
    load::Report,
    paylink::{Paylink, SECRET_KEY},
    results::Results,
    support::{Database, OwnPostgres, OwnRedis},
};

/// Many concurrent senders, as after an outage.
const CONNECTIONS: usize = 256;

/// 1 while an event has no outcome.
const MORE: &str = "SELECT count(*) AS n FROM (SELECT 1 FROM webhook_event \
    WHERE NOT EXISTS (SELECT 1 FROM webhook_outcome WHERE event_id = webhook_event.id) LIMIT 1) AS more";

/// The time from the first webhook until all links are paid: an API and a worker, each a process.
pub(crate) async fn from_webhook_to_paid(
    database: &Database,
    name: &str,
    (postgresql, redis): (&OwnPostgres, &OwnRedis),
    results: &mut Results,
) {
    let paylink = Paylink::start(database, redis, true).await;
    let db = &paylink.db;
    make_links(db, paylink.merchant.parse().unwrap(), LINKS).await;
    let calls = (0..LINKS).map(|number| call(&paylink.merchant, &number.to_string(), &format!("plink_{number}")));
    let calls: Vec<_> = calls.collect();
    let began = Instant::now();
    let whole = async {
        let mut report = load::all(paylink.address, CONNECTIONS, calls).await;
        while count(db, MORE).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        report.elapsed = began.elapsed();
        report
    };
    let report: Report = cpu::of(&paylink.parts(postgresql, redis), whole).await;
    let paid = count(db, "SELECT count(*) AS n FROM payment_link WHERE state = 'paid'").await;
    let tagged = count(db, "SELECT count(*) AS n FROM orders WHERE tag = 'paid'").await;
    assert_eq!((paid, tagged), (LINKS, LINKS), "links were not paid, or their orders not tagged");
    results.tell(report, &format!("from webhook to paid link on {name}"), &CONNECTIONS.to_string());
}

/// Unpaid links, a thousand per transaction, each of its own buyer.
pub(crate) async fn make_links(db: &Db, merchant_id: MerchantId, how_many: usize) -> Vec<LinkId> {
    let vault = Vault::new(&Secret::new(SECRET_KEY)).unwrap();
    let money = Money::parse("129.50", "usd".parse().unwrap()).unwrap();
    let region = Region::parse("US").unwrap();
    let (mut numbers, mut links) = ((0..how_many).peekable(), Vec::new());
    while numbers.peek().is_some() {
        let tx = db.begin().await.unwrap();
        for number in numbers.by_ref().take(1_000) {
            let phone = PhoneNumber::parse(&format!("+1202{}", 2_000_000 + number), region).unwrap();
            let (number, now) = (number.to_string(), Clock::system().now());
            let order = NewOrder {
                merchant_id,
                number: number.clone(),
                customer_name: "Example Buyer".to_owned(),
                customer_phone: phone,
                money,
                details: Details::default(),
                dates: order::Dates::default(),
                kept: order::Kept::default(),
            };
            let order = order::insert(&tx, order, now).await.unwrap();
            let id = LinkId::new(now);
            let link = NewLink {
                id,
                merchant_id,
                order_id: order.id,
                token: vault.link_token(id),
                invoice_number: number,
                money,
                document: "invoice.pdf".to_owned(),
                document_bytes: 0,
                document_sha256: domain::sha256(b""),
                expires_at: now + TimeDelta::days(30),
                metadata: BTreeMap::new(),
                payment_methods: domain::PaymentMethods::default(),
                reminding: domain::OwnReminding::default(),
                receipt: None,
                actor: None,
            };
            link::insert(&tx, link, now).await.unwrap();
            links.push(id);
        }
        tx.commit().await.unwrap();
    }
    let made =
        "UPDATE payment_link SET state = 'unpaid', livemode = false, stripe_link_id = 'plink_' || invoice_number";
    db.pool().execute_unprepared(made).await.unwrap();
    db.pool().execute_unprepared("UPDATE orders SET tag = 'unpaid'").await.unwrap();
    // As autovacuum has done in a database that has been running for a while.
    db.pool().execute_unprepared("ANALYZE").await.unwrap();
    links
}

async fn count(db: &Db, query: &str) -> usize {
    let statement = Statement::from_string(db.pool().get_database_backend(), query);
    let row = db.pool().query_one_raw(statement).await.unwrap().unwrap();
    usize::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap()
}
