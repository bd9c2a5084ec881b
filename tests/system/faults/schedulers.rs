//! Two schedulers, one of which freezes past its turn.

use entity::tick;
use sea_orm::EntityTrait;

use super::{
    accepted::Accepted,
    auditor::{audit, open},
    cluster::Cluster,
    replica::Replica,
};
use crate::support::{Database, Figures, Invoice, eventually, fresh_postgresql};

/// The tick that looks for what was lost.
const TICK: &str = "notify";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduler_that_stands_still_past_its_turn_is_not_missed_and_does_no_harm() {
    let each_second = [("PAYLINK_SCHEDULER__NOTIFY", "* * * * * *".to_owned())];
    let database = Database::Postgresql { url: fresh_postgresql().await };
    let mut cluster = Cluster::start_on(database, &each_second).await;
    cluster.workers.iter().for_each(Replica::freezes);
    let mut accepted = Accepted::default();
    for n in 1..=3 {
        let order = cluster.merchant.opens_an_order(&n.to_string()).await;
        accepted.link(&cluster.merchant.uploads(&order, &Invoice::default()).await);
    }
    cluster.loses_its_workers();
    cluster.schedulers[0].freezes();
    cluster.schedulers.push(cluster.a_scheduler());
    cluster.redis.loses_everything();
    let notified = || cluster.redis.says("HLEN paylink:{store_invoice}:jobs");
    eventually("the other notifies them", async || (notified() == "3").then_some(())).await;
    cluster.schedulers[0].goes_on();
    // The other is gone, so that these turns are those of the late one.
    cluster.schedulers.truncate(1);
    let db = open(&cluster.database).await;
    let last_turn = async || tick::last_due(db.pool(), TICK).await.unwrap();
    for _ in 0..2 {
        let before = last_turn().await;
        eventually("it has its turn", async || (last_turn().await > before).then_some(())).await;
    }
    assert_eq!(notified(), "3");

    // Where none has ever run, that is seen by every process that watches.
    cluster.schedulers.clear();
    eventually("the tick is shown as late", async || {
        tick::Entity::delete_many().exec(db.writer()).await.unwrap();
        let figures = Figures::read(&cluster.merchant.http.get("/metrics").await.with_status(200).text());
        let late = figures.one("paylink_tick_late_seconds", &[("tick", TICK)]);
        (late > 0.0).then_some(())
    })
    .await;
    cluster.schedulers.push(cluster.a_scheduler());
    cluster.workers.push(cluster.a_worker());
    audit(&cluster, &accepted, 0).await;
}
