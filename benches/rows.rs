//! The cost of a job with its row: accepted in the database, notified, claimed, and finished in the database; compared
//! with the same statements alone, on the same database in the same run. `cargo bench --bench rows`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

#[expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "made for the system tests; this uses what starts databases and Redis"
)]
#[path = "../tests/system/support/mod.rs"]
mod support;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use apalis::prelude::{ParallelizeExt, WorkerBuilder, WorkerContext};
use chrono::{DateTime, Utc};
use domain::{Clock, JobId, MerchantId};
use entity::{Db, Transaction, merchant};
use futures_util::future::join_all;
use migration::{Migrate, Migrator};
use queue::{
    CheckStripeKey, Done, EnqueueOptions, Executor, Job, JobError, JobHandler, Lease, Queue, enqueue,
    redis::{BackendOptions, Delivery, RedisBackend, RedisQueues},
};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use tokio::sync::Notify;

use support::{OwnPostgres, OwnRedis, new_merchant};

/// How many commands are accepted, and how many jobs are done, at the same time.
const AT_ONCE: usize = 10;

const INSERT: &str = "INSERT INTO job (id, kind, merchant_id, payload, state, run_at, created_at) \
     VALUES ($1, 'check_stripe_key', $2, '{}', 'queued', $3, $3)";
const CLAIM: &str = "UPDATE job SET attempt = attempt + 1, claimed_at = $2, \
     crashes = crashes + CASE WHEN claimed_at IS NULL THEN 0 ELSE 1 END \
     WHERE id = $1 AND state = 'queued' AND run_at <= $2 RETURNING *";
const FINISH: &str = "UPDATE job SET state = 'done', finished_at = $2, claimed_at = NULL \
     WHERE id = $1 AND state = 'queued' AND attempt = 1";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    println!("{:<46}{:>12}{:>12}{:>8}", "", "with notification", "database", "ratio");
    let server = OwnPostgres::of_its_own();
    compare("PostgreSQL", &server.fresh_database().await, 10_000).await;
    let folder = tempfile::tempdir().unwrap();
    compare("SQLite", &format!("sqlite://{}?mode=rwc", folder.path().join("bench.db").display()), 4_000).await;
}

async fn compare(name: &str, url: &str, jobs: usize) {
    let db = Db::open(url, u32::try_from(2 * AT_ONCE).unwrap()).await.unwrap();
    Migrator::up(db.pool(), None).await.unwrap();
    let merchant = merchant::insert(db.pool(), new_merchant(), Clock::system().now()).await.unwrap().id;
    // In turns, since other load on the machine varies.
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        alone.push(statements_alone(&db, merchant, jobs).await);
        ours.push(with_notification(&db, merchant, jobs).await);
    }
    let (ours, alone) = (median(ours), median(alone));
    println!(
        "{:<46}{ours:>10.0}/s{alone:>10.0}/s{:>8.2}",
        format!("accept, notify, claim, finish on {name}"),
        ours / alone
    );
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Jobs per second.
fn rate(jobs: usize, begun: Instant) -> f64 {
    f64::from(u32::try_from(jobs).unwrap()) / begun.elapsed().as_secs_f64()
}

/// Each job's three statements, written as simply as possible, with nothing in between.
async fn statements_alone(db: &Db, merchant: MerchantId, jobs: usize) -> f64 {
    let begun = Instant::now();
    let lanes = (0..2 * AT_ONCE).map(|_| async {
        for _ in 0..jobs / (2 * AT_ONCE) {
            let now = Clock::system().now();
            let id = JobId::new(now);
            let bare = |sql: &str, values: Vec<Value>| {
                Statement::from_sql_and_values(db.pool().get_database_backend(), sql, values)
            };
            let tx = db.begin().await.unwrap();
            tx.execute_raw(bare(INSERT, vec![id.into(), merchant.into(), now.into()])).await.unwrap();
            tx.commit().await.unwrap();
            db.writer().query_one_raw(bare(CLAIM, vec![id.into(), now.into()])).await.unwrap().unwrap();
            let tx = db.begin().await.unwrap();
            tx.execute_raw(bare(FINISH, vec![id.into(), now.into()])).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    join_all(lanes).await;
    rate(jobs, begun)
}

/// A handler that only finishes its job.
struct Nothing(Db);

impl JobHandler<Nothing> for CheckStripeKey {
    async fn run(&self, Nothing(db): &Nothing, lease: &Lease) -> Result<Done, JobError> {
        lease.finish(db.begin().await?, Clock::system().now()).await
    }

    async fn dead_letter(&self, _: &Nothing, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

/// As commands and workers do it: callers enqueue, commit and notify, while workers do the jobs.
async fn with_notification(db: &Db, merchant: MerchantId, jobs: usize) -> f64 {
    let redis = OwnRedis::start().await;
    let queue = RedisQueues::open(&format!("redis://127.0.0.1:{}", redis.port), "bench", Clock::system()).unwrap();
    let queue = Queue::new(queue, db.clone());
    let (done, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let context = WorkerContext::new("bench");
    let handler = Arc::new(Nothing(db.clone()));
    let attempts = Arc::new(Executor::<CheckStripeKey>::new(db.clone(), Clock::system()));
    let (count, tell) = (Arc::clone(&done), Arc::clone(&all));
    let options = BackendOptions { slots: AT_ONCE, ..BackendOptions::default() };
    let worker = WorkerBuilder::new(&context)
        .backend(RedisBackend::new(queue.queues().clone(), CheckStripeKey::KIND.as_str(), options))
        .parallelize(tokio::spawn)
        .build(move |delivery: Delivery| {
            let (attempts, handler, count, tell) = (attempts.clone(), handler.clone(), count.clone(), tell.clone());
            async move {
                let ack = attempts.execute(delivery, handler.as_ref()).await;
                if count.fetch_add(1, Ordering::Relaxed) + 1 == jobs {
                    tell.notify_one();
                }
                ack.map_err(io::Error::other)
            }
        });
    let working = tokio::spawn(worker.run());

    let begun = Instant::now();
    let callers = (0..AT_ONCE).map(|_| async {
        for _ in 0..jobs / AT_ONCE {
            let now = Clock::system().now();
            let tx = db.begin().await.unwrap();
            let enqueued_job =
                enqueue(&tx, &CheckStripeKey { merchant }, EnqueueOptions::for_merchant(merchant), now).await.unwrap();
            tx.commit().await.unwrap();
            queue.notify(enqueued_job);
        }
    });
    join_all(callers).await;
    all.notified().await;
    let rate = rate(jobs, begun);
    context.stop().unwrap();
    working.await.unwrap().unwrap();
    rate
}
