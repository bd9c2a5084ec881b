//! Whether the database stores writes, as `/readyz` checks.

use entity::{Db, heartbeat::HeartbeatError};
use migration::{Migrate, Migrator};
use sea_orm::ConnectionTrait;

use super::{Rows, now, on_both_databases};
use crate::support::fresh_postgresql;

on_both_databases! {
    async fn a_database_that_keeps_rows_has_a_heartbeat_however_many_ask(rows) {
        let beats = (0..20).map(|_| rows.db.heartbeat(now()));
        for beat in futures_util::future::join_all(beats).await {
            beat.unwrap();
        }
    }
}

#[tokio::test]
async fn a_full_sqlite_has_none_until_there_is_room_again() {
    let rows = Rows::on_sqlite().await;
    // As many pages as there are, for this connection.
    rows.db.writer().execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    assert!(matches!(rows.db.heartbeat(now()).await, Err(HeartbeatError::Db(_))));
    // The connection was thrown away, and its limit with it.
    rows.db.heartbeat(now()).await.unwrap();
}

#[tokio::test]
async fn a_postgresql_that_is_read_only_has_none() {
    let url = fresh_postgresql().await;
    Migrator::up(Db::open(&url, 1).await.unwrap().pool(), None).await.unwrap();
    let mark = if url.contains('?') { '&' } else { '?' };
    let standby = format!("{url}{mark}options=-c%20default_transaction_read_only%3Don");
    let db = Db::open(&standby, 2).await.unwrap();
    db.ping().await.unwrap();
    assert!(matches!(db.heartbeat(now()).await, Err(HeartbeatError::Db(_))));
}
