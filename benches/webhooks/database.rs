//! The database alone, given the same rows by the same statements, without HTTP clients.

use std::time::Instant;

use domain::{Clock, MerchantId, WebhookEventId};
use entity::{
    Db, merchant,
    webhook_event::{self, NewEvent, Source},
};
use futures_util::future::join_all;
use migration::{Migrate, Migrator};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use super::{
    events,
    support::{Database, new_merchant},
};

/// Stores events, one and a hundred in a transaction, by as many writers as the API has.
pub(crate) async fn alone(database: &Database, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&url(database, &folder), 4).await.unwrap();
    Migrator::up(db.pool(), None).await.unwrap();
    let merchant = merchant::insert(db.pool(), new_merchant(), Clock::system().now()).await.unwrap().id;
    for (group, events) in [(1, 4_000), (100, 80_000)] {
        let rows = rows(merchant, group, events);
        let writers = if db.has_one_writer() { 1 } else { 2 };
        let shares: Vec<Vec<Rows>> =
            (0..writers).map(|at| rows.iter().skip(at).step_by(writers).cloned().collect()).collect();
        let began = Instant::now();
        join_all(shares.into_iter().map(|share| store(&db, share))).await;
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand")]
        let rate = events as f64 / began.elapsed().as_secs_f64();
        println!("{:<42} {:>8} {rate:>9.0}", format!("{name} alone, {group} in a transaction"), writers);
    }
}

/// Makes it resemble a database that has been running for a while: with yesterday's events, and their statistics.
pub(crate) async fn has_a_yesterday(db: &Db, merchant: MerchantId) {
    store(db, rows(merchant, 500, 20_000)).await;
    let outcomes = "INSERT INTO webhook_outcome (event_id, merchant_id, state, applied_at) \
        SELECT id, merchant_id, 'applied', received_at FROM webhook_event";
    for statement in [outcomes, "ANALYZE"] {
        db.pool().execute_unprepared(statement).await.unwrap();
    }
}

/// As long as every trace is.
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The rows of a transaction.
type Rows = Vec<NewEvent>;

fn rows(merchant: MerchantId, group: usize, events: usize) -> Vec<Rows> {
    let made = (0..events).map(|number| {
        let id = WebhookEventId::new(Clock::system().now());
        let external_id = format!("evt_{group}_{number}");
        let payload = events::body(&external_id, "plink_of_nobody", &format!("cs_{number}"));
        let kind = "checkout.session.completed".to_owned();
        let traceparent = Some(TRACEPARENT.to_owned());
        NewEvent { id, merchant_id: merchant, source: Source::Stripe, external_id, kind, payload, traceparent }
    });
    let made: Vec<_> = made.collect();
    made.chunks(group).map(<[_]>::to_vec).collect()
}

async fn store(db: &Db, all: Vec<Rows>) {
    for rows in all {
        let now = Clock::system().now();
        webhook_event::store(db.writer(), &rows, now).await.unwrap();
    }
}

pub(crate) fn url(database: &Database, folder: &TempDir) -> String {
    match database {
        Database::Postgresql { url } => url.clone(),
        Database::Sqlite => format!("sqlite://{}?mode=rwc", folder.path().join("bench.db").display()),
    }
}
