//! A database that is restarted, drops its clients, has too few connections, or is busy with other work.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use chrono::Utc;
use entity::webhook_event::{self, EventState};
use futures_util::future::join_all;
use nix::sys::signal::Signal;
use reqwest::Method;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use super::{
    accepted::Accepted,
    auditor::{audit, open},
    cluster::{Cluster, WEBHOOK_SECRET},
    traffic::Traffic,
};
use crate::support::{App, Database, INVOICE, Invoice, OwnPostgres, eventually, fresh_postgresql, sign};

/// All connections to this database end at once, but the one that says so.
pub(super) async fn cut_all_connections(db: &impl ConnectionTrait) {
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.execute_unprepared(cut).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_restarted_loses_nothing() {
    let server = OwnPostgres::of_its_own();
    let mut cluster = Cluster::start_copied(Database::Postgresql { url: server.fresh_database().await }, &[]).await;
    cluster.commits_were_lost = true;
    let traffic = Traffic::begin(&cluster, 4);
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.is_restarted_by(signal);
    }
    let accepted = traffic.end().await;
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_database_cuts_are_made_anew() {
    let mut cluster = Cluster::start().await;
    cluster.commits_were_lost = true;
    let db = open(&cluster.database).await;
    let traffic = Traffic::begin(&cluster, 4);
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        cut_all_connections(db.pool()).await;
    }
    let accepted = traffic.end().await;
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_connections_make_everything_slow_and_nothing_wrong() {
    let few = [("PAYLINK_DATABASE_CONNECTIONS", "2".to_owned())];
    let cluster = Cluster::start_on(Database::Postgresql { url: fresh_postgresql().await }, &few).await;
    let traffic = Traffic::begin(&cluster, 30);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let accepted = traffic.end().await;
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_sqlite_is_waited_for() {
    let app = App::start(Database::sqlite()).await;
    let merchant = app.merchant();
    let order = app.order();
    // So that nothing else of the command has to be written first: when its key was used last is noted once a minute.
    merchant.http.get("/v1/orders").await.with_status(200);
    // Another program, such as an operator's shell, holds the write lock.
    let other = app.database().await;
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    let asked = tokio::spawn({
        let (merchant, order) = (merchant.clone(), order.clone());
        let invoice = Invoice { pdf: Some(INVOICE), ..Invoice::default() };
        async move { merchant.asks_for_a_link(&order, &invoice).await }
    });
    eventually("its invoice is here, and its rows are next", async || (!app.documents().is_empty()).then_some(()))
        .await;
    merchant.http.get("/v1/orders").await.with_status(200);
    assert!(!asked.is_finished(), "it was answered without its rows");
    other.execute_unprepared("ROLLBACK").await.unwrap();
    let id = asked.await.unwrap().with_status(202).json()["id"].as_str().unwrap().to_owned();
    let link = merchant.has_the_link(&id).await;
    let at_stripe = app.sandbox().links_for(&link.id).await;
    assert_eq!((at_stripe.total, at_stripe.live), (1, 1));
}

/// A PostgreSQL that is unreachable: connections are dropped, and nothing listens at its address.
struct Away {
    door: PathBuf,
    shut: PathBuf,
}

impl Away {
    async fn from_all(database: &Database) -> Self {
        let Database::Postgresql { url } = database else { unreachable!("roles apart need a server") };
        // Where its socket is, is the end of its URL.
        let place = Path::new(url.rsplit_once("?host=").unwrap().1);
        let away = Self { door: place.join(".s.PGSQL.5432"), shut: place.join("shut") };
        // Existing connections stay.
        let inside = open(database).await.begin().await.unwrap();
        fs::rename(&away.door, &away.shut).unwrap();
        cut_all_connections(&inside).await;
        inside.rollback().await.unwrap();
        away
    }

    fn comes_back(self) {
        fs::rename(self.shut, self.door).unwrap();
    }
}

/// An event of Stripe that means nothing to us: what it is answered. It is recorded all the same.
async fn is_told(cluster: &Cluster, id: &str) -> u16 {
    let body = json!({"id": id, "type": "customer.created", "data": {"object": {}}}).to_string();
    let signature = sign(WEBHOOK_SECRET, Utc::now().timestamp(), &body);
    let http = &cluster.merchant.http;
    let post = http.request(Method::POST, &format!("/webhooks/stripe/{}", cluster.merchant.id)).body(body);
    let answer = http.ask(post.header("Stripe-Signature", signature)).await;
    if answer.status != 200 {
        assert!(!answer.header("Retry-After").is_empty(), "Stripe is not told when to come again");
        answer.clone().problem(503, "database_unavailable");
    }
    answer.status
}

/// How many events were taken and refused so far, and whether that is enough.
#[derive(Default)]
struct SoFar {
    taken: AtomicUsize,
    refused: AtomicUsize,
    over: AtomicBool,
}

impl SoFar {
    async fn comes_to(what: &str, count: &AtomicUsize, so_many: usize) {
        eventually(what, async || (count.load(Ordering::Relaxed) >= so_many).then_some(())).await;
    }
}

/// Tells events, four at a time, until it is over: those that were taken, and those that were not.
async fn are_told(cluster: &Cluster, so_far: &SoFar) -> (Vec<String>, Vec<String>) {
    let tell = async |teller: usize| {
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        for number in 0.. {
            if so_far.over.load(Ordering::Relaxed) {
                break;
            }
            let id = format!("evt_{teller}_{number}");
            let (ids, count) = match is_told(cluster, &id).await {
                200 => (&mut taken, &so_far.taken),
                _ => (&mut refused, &so_far.refused),
            };
            ids.push(id);
            count.fetch_add(1, Ordering::Relaxed);
        }
        (taken, refused)
    };
    let told = join_all((0..4).map(tell)).await;
    let (taken, refused): (Vec<_>, Vec<_>) = told.into_iter().unzip();
    (taken.concat(), refused.concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_refused_while_the_database_is_away_and_none_that_was_taken_is_lost() {
    let server = OwnPostgres::of_its_own();
    let mut cluster = Cluster::start_on(Database::Postgresql { url: server.fresh_database().await }, &[]).await;
    cluster.commits_were_lost = true;
    let (so_far, ready) = (SoFar::default(), cluster.merchant.http.request(Method::GET, "/readyz"));
    let goes_and_comes = async {
        SoFar::comes_to("events are taken", &so_far.taken, 21).await;
        let server = Away::from_all(&cluster.database).await;
        SoFar::comes_to("all four are refused", &so_far.refused, 4).await;
        let away = (cluster.merchant.http.ask(ready).await.status, is_told(&cluster, "evt_away").await);
        server.comes_back();
        eventually("it is taken again", async || (is_told(&cluster, "evt_away").await == 200).then_some(())).await;
        let before = so_far.taken.load(Ordering::Relaxed);
        SoFar::comes_to("more are taken", &so_far.taken, before + 8).await;
        so_far.over.store(true, Ordering::Relaxed);
        away
    };

    let ((taken, refused), away) = futures_util::future::join(are_told(&cluster, &so_far), goes_and_comes).await;

    assert_eq!(away, (503, 503));
    assert!(taken.len() > 20 && refused.len() >= 4, "{} were taken, {} were not", taken.len(), refused.len());
    // Stripe tells again what was not taken; whether it was stored all the same nobody can know, and it changes
    // nothing.
    for id in &refused {
        assert_eq!(is_told(&cluster, id).await, 200);
    }
    let all: BTreeSet<String> = taken.into_iter().chain(refused).chain(["evt_away".to_owned()]).collect();
    let db = open(&cluster.database).await;
    eventually("every one is read", async || {
        let stored = webhook_event::Entity::find().all(db.pool()).await.unwrap();
        let ids: Vec<String> = stored.into_iter().map(|event| event.external_id).collect();
        assert_eq!(ids.len(), all.len(), "one was lost, or is there twice");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), all);
        let outcomes = webhook_event::outcome::Entity::find().all(db.pool()).await.unwrap();
        let ignored = outcomes.iter().filter(|outcome| outcome.state == EventState::Ignored).count();
        (ignored == all.len()).then_some(())
    })
    .await;
    audit(&cluster, &Accepted::default(), 0).await;
}
