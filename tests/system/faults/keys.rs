//! A front stands still in the middle of a command, and the command is sent again to another.

use std::path::Path;

use reqwest::Method;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::cluster::Cluster;
use crate::support::{Answer, Database, Merchant, eventually, free_port, fresh_postgresql, order_body};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_over_which_its_front_stands_still_is_carried_out_once_by_another() {
    let patient = [("PAYLINK_DATABASE_LOCK_SECONDS", "90".to_owned())];
    let mut cluster = Cluster::start_on(Database::Postgresql { url: fresh_postgresql().await }, &patient).await;
    let second = cluster.a_front(free_port()).await;
    let other = cluster.database.connect(Path::new("")).await.unwrap();
    other.execute_unprepared("BEGIN; LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE").await.unwrap();

    let first = tokio::spawn(opens_an_order(cluster.merchant.clone()));
    eventually("the first front waits for the table", async || (waiting(&other).await == 1).then_some(())).await;
    cluster.front.leads_to(second.port);
    opens_an_order(cluster.merchant.clone()).await.problem(409, "idempotency_key_in_use");
    assert_eq!(waiting(&other).await, 1, "the first front still does it, and nobody else");
    let holders = Statement::from_string(DbBackend::Postgres, "SELECT 1 FROM key_holder");
    assert_eq!(
        other.query_all_raw(holders).await.unwrap().len(),
        1,
        "only who runs a long command says that it is alive"
    );

    cluster.fronts[0].freezes();
    let repeated = tokio::spawn(opens_an_order(cluster.merchant.clone()));
    eventually("the second front has taken it over", async || (waiting(&other).await == 2).then_some(())).await;
    cluster.fronts[0].goes_on();
    other.execute_unprepared("ROLLBACK").await.unwrap();
    // Whichever of them gets the table first: either it is not its key any more, or the order is there.
    first.await.unwrap().with_status(409);
    let made = repeated.await.unwrap().with_status(201);
    assert_eq!(made.header("Idempotent-Replayed"), "");

    let again = opens_an_order(cluster.merchant.clone()).await.with_status(201);
    assert_eq!((again.header("Idempotent-Replayed"), again.json()), ("true", made.json()));
    assert_eq!(cluster.merchant.http.whole_list("/v1/orders", 10).await.len(), 1);
    cluster.fronts.push(second);
}

async fn opens_an_order(merchant: Merchant) -> Answer {
    let request = merchant.http.request(Method::POST, "/v1/orders").header("Idempotency-Key", "order-1");
    merchant.http.ask(request.json(&order_body("1", "+12025550123"))).await
}

/// How many wait for the table of orders.
async fn waiting(db: &DatabaseConnection) -> usize {
    let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    db.query_all_raw(Statement::from_string(DbBackend::Postgres, waiting)).await.unwrap().len()
}
