//! Wrong clocks: they do no harm, and are reported.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Clock, MerchantId};
use entity::{Db, job::Entity as Jobs, tick};
use queue::{CheckStripeKey, EnqueueOptions, Queue, enqueue, redis::RedisQueues};
use reqwest::Method;
use scheduler::TICKS;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{
    accepted::Accepted,
    auditor::{audit, open},
    cluster::Cluster,
    replica::Replica,
    traffic::{Traffic, batch},
};
use crate::support::{Figures, Http, Invoice, WrongClock, eventually, free_port};

/// How late due work may be on a busy machine. A wrong clock would make an hour of it.
const SOON: TimeDelta = TimeDelta::minutes(2);

/// The last time a tick was done.
async fn mark(db: &Db, tick: &str) -> Option<DateTime<Utc>> {
    tick::last_due(db.pool(), tick).await.unwrap()
}

/// Waits for two turns of the tick that comes most often. No tick may have been done at a time that has not come.
async fn time_goes_on(db: &Db) {
    for _ in 0..2 {
        let before = mark(db, "notify").await;
        eventually("time goes on", async || (mark(db, "notify").await > before).then_some(())).await;
    }
    for tick in TICKS {
        let mark = mark(db, tick.name).await;
        assert!(mark.is_none_or(|mark| mark <= Utc::now()), "{} was done at {mark:?}", tick.name);
    }
}

/// What a process says of itself on its own address: whether it is ready, and its figures.
async fn says(cluster: &Cluster, port: u16) -> (Value, Figures) {
    let http = Http::new(&format!("http://127.0.0.1:{port}"), &cluster.hush);
    eventually("it listens", async || http.try_ask(http.request(Method::GET, "/healthz")).await.ok()).await;
    let ready = http.get("/readyz").await.with_status(200).json();
    (ready, Figures::read(&http.get("/metrics").await.with_status(200).text()))
}

/// A link that can be paid until tomorrow.
async fn a_link_until_tomorrow(cluster: &Cluster, accepted: &mut Accepted) -> String {
    let order = cluster.merchant.opens_an_order("1").await;
    let tomorrow = (Utc::now() + TimeDelta::days(1)).format("%Y-%m-%d").to_string();
    let invoice = Invoice { expires_on: Some(&tomorrow), ..Invoice::default() };
    let link = cluster.merchant.uploads(&order, &invoice).await;
    accepted.link(&link);
    cluster.merchant.sees(&link, "unpaid").await;
    link
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduler_that_is_three_days_ahead_stops_no_other_and_says_so() {
    let mut cluster = Cluster::start().await;
    let db = open(&cluster.database).await;
    let mut accepted = Accepted::default();
    let link = a_link_until_tomorrow(&cluster, &mut accepted).await;

    let (clock, port) = (WrongClock::by("+3d"), free_port());
    let mut environment = clock.environment();
    environment.push(("PAYLINK_METRICS_LISTEN", format!("127.0.0.1:{port}")));
    let wrong = cluster.starts(&["scheduler"], &environment);
    let (ready, figures) = says(&cluster, port).await;
    assert_eq!((&ready["database"], &ready["clock"]), (&json!("ok"), &json!("skewed")), "{ready}");
    let skew = figures.one("paylink_clock_skew_seconds", &[]);
    assert!((skew - 259_200.0).abs() < 5.0, "{skew}");
    assert!(cluster.log().contains("the clock of this machine is wrong"), "it does not say so");

    time_goes_on(&db).await;
    // The wrong one does the work alone, and at the right time.
    cluster.schedulers.drain(..).for_each(Replica::stops);
    time_goes_on(&db).await;
    assert_eq!(cluster.merchant.link(&link).await["status"], "unpaid", "it has expired before its time");
    wrong.stops();
    cluster.schedulers.push(cluster.a_scheduler());
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_while_a_scheduler_runs_makes_no_difference() {
    let cluster = Cluster::start().await;
    let db = open(&cluster.database).await;
    let (clock, port) = (WrongClock::by("+0"), free_port());
    let mut environment = clock.environment();
    environment.push(("PAYLINK_METRICS_LISTEN", format!("127.0.0.1:{port}")));
    let scheduler = cluster.starts(&["scheduler"], &environment);
    let (ready, _) = says(&cluster, port).await;
    assert_eq!(ready["clock"], "ok", "{ready}");
    assert!(!cluster.log().contains("the clock of this machine is wrong"));

    clock.is_set("+3d");
    eventually("it notices", async || cluster.log().contains("the local clock was set").then_some(())).await;
    eventually("it says so", async || cluster.log().contains("the clock of this machine is wrong").then_some(())).await;
    time_goes_on(&db).await;
    scheduler.stops();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_workers_an_hour_ahead_and_behind_are_neither_early_nor_late() {
    let mut cluster = Cluster::start().await;
    let db = open(&cluster.database).await;
    let mut accepted = Accepted::default();
    let traffic = Traffic::begin(&cluster, 2);
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.loses_its_workers();
    let died = Instant::now();
    // A job interrupted by the kill counts as a crash, as it should.
    let of_before: Vec<_> = Jobs::find().all(db.pool()).await.unwrap().into_iter().map(|row| row.id).collect();
    let (ahead, behind) = (WrongClock::by("+1h"), WrongClock::by("-1h"));
    for clock in [&ahead, &behind] {
        cluster.workers.push(cluster.starts(&["worker"], &clock.environment()));
    }

    // Each of these is tried again a little later: a time that one worker writes and another reads.
    cluster
        .world()
        .fails(json!({"service": "stripe", "times": 3, "mode": "status", "status": 503, "method": "POST"}))
        .await;
    for number in ["1", "2", "3"] {
        let order = cluster.merchant.opens_an_order(number).await;
        let link = cluster.merchant.makes_a_link(&order).await;
        accepted.link(&link.id);
        accepted.text(&cluster.merchant.sends(&link).await, &order.phone);
    }

    let after = batch(&cluster, 1).await;
    eprintln!("an order was through {:?} after the workers died and others with wrong clocks came", died.elapsed());
    let accepted = traffic.end().await.and(after).and(accepted);

    let run_at = db.now().await.unwrap() + TimeDelta::seconds(4);
    let jobs = check_keys_at(&cluster, &db, run_at).await;
    eventually("all are done", async || {
        let rows = Jobs::find().all(db.pool()).await.unwrap();
        let done: Vec<_> = rows.iter().filter(|row| jobs.contains(&row.id)).filter_map(|row| row.finished_at).collect();
        let in_time = |at: &DateTime<Utc>| *at >= run_at && *at - run_at < SOON;
        assert!(done.iter().all(in_time), "due at {run_at}, done at {done:?}");
        (done.len() == jobs.len()).then_some(())
    })
    .await;
    for row in Jobs::find().all(db.pool()).await.unwrap().iter().filter(|row| !of_before.contains(&row.id)) {
        assert_eq!(row.crashes, 0, "its lease did not hold: {row:?}");
    }
    audit(&cluster, &accepted, 0).await;
}

/// Enqueues jobs for later, enough of them that both workers have some.
async fn check_keys_at(cluster: &Cluster, db: &Db, run_at: DateTime<Utc>) -> Vec<domain::JobId> {
    let redis = format!("redis://127.0.0.1:{}", cluster.redis.port);
    let queue = Queue::new(RedisQueues::open(&redis, "paylink", Clock::system()).unwrap(), db.clone());
    let merchant: MerchantId = cluster.merchant.id.parse().unwrap();
    let mut enqueued = Vec::new();
    for _ in 0..20 {
        let later = EnqueueOptions { run_at: Some(run_at), ..EnqueueOptions::for_merchant(merchant) };
        let enqueued_job = enqueue(db.pool(), &CheckStripeKey { merchant }, later, db.now().await.unwrap()).await;
        enqueued.extend(enqueued_job.unwrap());
    }
    assert_eq!(queue.notify_now(&enqueued).await.unwrap(), 20);
    enqueued.iter().map(|enqueued_job| enqueued_job.job).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_that_is_an_hour_ahead_tells_the_right_time_and_believes_who_signs_now() {
    let mut cluster = Cluster::start().await;
    let (clock, port) = (WrongClock::by("+1h"), free_port());
    let wrong = cluster.starts_front(port, &clock.environment()).await;
    cluster.front.leads_to(port);
    cluster.fronts.drain(..).for_each(Replica::stops);
    cluster.fronts.push(wrong);

    let mut accepted = Accepted::default();
    let order = cluster.merchant.opens_an_order("1").await;
    let link = cluster.merchant.makes_a_link(&order).await;
    accepted.link(&link.id);
    let created: DateTime<Utc> = cluster.merchant.link(&link.id).await["created_at"].as_str().unwrap().parse().unwrap();
    assert!((Utc::now() - created).abs() < SOON, "created at {created}");
    // Stripe signs by a right clock; what is older than five minutes is not believed.
    assert!(cluster.world().payment_is_tried(&link).await < 300);
    cluster.merchant.sees(&link.id, "paid").await;
    accepted.links[0].paid = true;
    audit(&cluster, &accepted, 0).await;
}
