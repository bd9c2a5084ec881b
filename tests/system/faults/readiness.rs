//! `/readyz` of each role tells whether it has what it needs, and asks for no more.

use sea_orm::ConnectionTrait;

use super::cluster::Cluster;
use crate::support::{Database, Http, eventually, free_port};

/// Makes new sessions read-only, as those of a standby are, and ends the old ones.
const READ_ONLY: &str = "DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'paylink %';
END $$";

const WRITABLE: &str = "DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database());
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'paylink %';
END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_ready_while_it_has_what_it_needs() {
    let cluster = Cluster::start().await;
    let (worker, scheduler, front) = (free_port(), free_port(), cluster.fronts[0].port);
    let listens = |port: u16| [("PAYLINK_METRICS_LISTEN", format!("127.0.0.1:{port}"))];
    let _others = [cluster.starts(&["worker"], &listens(worker)), cluster.starts(&["scheduler"], &listens(scheduler))];
    let all_say = async |part: &str, word: &str, [of_front, of_others]: [u16; 2]| {
        for (port, status) in [(front, of_front), (worker, of_others), (scheduler, of_others)] {
            let itself = Http::new(&format!("http://127.0.0.1:{port}"), &cluster.hush);
            eventually(&format!("{port} says {status}, {part}: {word}"), async || {
                let answer = itself.try_ask(itself.request(reqwest::Method::GET, "/readyz")).await.ok()?;
                (answer.status == status && answer.json()[part] == word).then_some(())
            })
            .await;
        }
    };
    all_say("redis", "ok", [200, 200]).await;

    // Commands are accepted without Redis, and nothing is done.
    let redis = &cluster.redis;
    redis.is_full();
    all_say("redis", "unavailable", [200, 503]).await;
    redis.has_room();
    all_say("redis", "ok", [200, 200]).await;
    assert_eq!(redis.says("REPLICAOF 127.0.0.1 1"), "OK");
    all_say("redis", "unavailable", [200, 503]).await;
    assert_eq!(redis.says("REPLICAOF NO ONE"), "OK");
    all_say("redis", "ok", [200, 200]).await;
    redis.freezes();
    all_say("redis", "unavailable", [200, 503]).await;
    redis.goes_on();
    all_say("redis", "ok", [200, 200]).await;

    // A database that answers and keeps nothing is of no use to anybody.
    let Database::Postgresql { url } = &cluster.database else { unreachable!("roles apart need a server") };
    // One session, which stays as it is.
    let db = entity::Db::open(url, 1).await.unwrap();
    let one = db.pool();
    one.execute_unprepared(READ_ONLY).await.unwrap();
    all_say("database", "unavailable", [503, 503]).await;
    one.execute_unprepared(WRITABLE).await.unwrap();
    all_say("database", "ok", [200, 200]).await;
}
