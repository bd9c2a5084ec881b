//! No space: on the disk of the database, of the documents, or anywhere; and no memory in Redis. Each for a moment,
//! under load.

use std::time::Duration;

use entity::Db;

use super::{
    accepted::Accepted,
    auditor::{Books, are_in_order, audit, invoices_are_as_uploaded},
    cluster::Cluster,
    traffic::Traffic,
};
use crate::support::{App, Database, OwnPostgres, SmallDisk, fresh_postgresql};

/// How often there is no room.
const TIMES: u32 = 3;

/// How long there is no space.
const MOMENT: Duration = Duration::from_millis(1_500);

/// Merchants trade, and now and then there is no room.
async fn under_load(traffic: Traffic, mut finds_no_room: impl AsyncFnMut()) -> Accepted {
    for _ in 0..TIMES {
        tokio::time::sleep(Duration::from_secs(1)).await;
        finds_no_room().await;
    }
    traffic.end().await
}

/// PostgreSQL refuses a statement for want of room, or ends, where it has none for its log, and comes up as soon as
/// there is some.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_without_room_loses_nothing_that_was_accepted() {
    let Some(disk) = SmallDisk::mounted() else { return };
    let server = OwnPostgres::on(disk);
    let mut cluster = Cluster::start_on(Database::Postgresql { url: server.fresh_database().await }, &[]).await;
    cluster.commits_were_lost = true;
    let accepted = under_load(Traffic::begin(&cluster, 4), async || {
        disk.is_full_for(MOMENT).await;
        server.is_up_again();
    })
    .await;
    println!("{} calls were refused for want of room, {} not answered", accepted.refused, accepted.unanswered);
    audit(&cluster, &accepted, 0).await;
}

/// Database, documents and Redis' log are on one disk, as they are where `paylink up` is all there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_sqlite_loses_nothing_that_was_accepted() {
    let Some(disk) = SmallDisk::mounted() else { return };
    let environment = [("PAYLINK_LEASE_SECONDS", "4".to_owned())];
    let mut app = App::start_apart_on(disk, Database::sqlite(), &environment).await;
    let (merchant, world) = (app.merchant(), app.sandbox());
    app.operator().tops_up(&merchant, 100_000).await;
    let accepted = under_load(Traffic::of(&merchant, &world, 4), async || app.finds_no_room_for(MOMENT).await).await;
    println!("{} calls were refused for want of room, {} not answered", accepted.refused, accepted.unanswered);

    // Data that was only claimed to be stored is gone after this.
    app.is_killed_and_started_again().await;
    let (world, db) = (app.sandbox(), Db::open(&app.database_url(), 2).await.unwrap());
    let books = Books { db, merchant: merchant.id.parse().unwrap(), world: &world, commits_were_lost: true };
    are_in_order(&books, &accepted, 0).await;
    invoices_are_as_uploaded(&merchant, &accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_room_refuses_invoices_and_loses_none_that_was_accepted() {
    let Some(disk) = SmallDisk::mounted() else { return };
    let store = [("PAYLINK_STORE_URL", format!("file://{}", disk.path().display()))];
    let cluster = Cluster::start_on(Database::Postgresql { url: fresh_postgresql().await }, &store).await;
    let traffic = Traffic::begin(&cluster, 4);
    let accepted = under_load(traffic, async || disk.is_full_for(MOMENT).await).await;
    assert!(accepted.refused > 0, "a document was taken for which there was no room");
    audit(&cluster, &accepted, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_without_memory_refuses_no_command_and_loses_no_job() {
    let cluster = Cluster::start().await;
    let traffic = Traffic::begin(&cluster, 4);
    let accepted = under_load(traffic, async || {
        cluster.redis.is_full();
        tokio::time::sleep(MOMENT).await;
        cluster.redis.has_room();
    })
    .await;
    assert_eq!((accepted.refused, accepted.unanswered), (0, 0), "a command does not need Redis");
    audit(&cluster, &accepted, 0).await;
}
