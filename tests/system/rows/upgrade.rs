//! A database that was in use before a step.

use entity::Db;
use migration::{Migrate, Migrator};
use sea_orm::{ConnectionTrait, Statement};

use crate::support::fresh_postgresql;

/// The last step before the keys of the hot tables were changed.
const BEFORE: u32 = 11;

/// A merchant with an event, a job that has a key, and one that has none.
const ROWS: &str = "
    INSERT INTO merchant (id, name, region, time_zone, sms_rate, created_at)
        VALUES ('00000000-0000-0000-0000-000000000001', 'Example', 'US', 'UTC', 1, now());
    INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, state, received_at)
        VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 'stripe', 'evt_1',
            'charge.refunded', '{}', 'received', now());
    INSERT INTO job (id, kind, dedup_key, merchant_id, payload, state, run_at, created_at) VALUES
        ('00000000-0000-0000-0000-000000000003', 'purge_link', 'once', '00000000-0000-0000-0000-000000000001', '{}',
            'queued', now(), now()),
        ('00000000-0000-0000-0000-000000000004', 'purge_link', NULL, '00000000-0000-0000-0000-000000000001', '{}',
            'queued', now(), now())";

#[tokio::test]
async fn what_is_in_the_hot_tables_and_their_unique_keys_outlive_the_change_of_keys() {
    let db = Db::open(&fresh_postgresql().await, 2).await.unwrap();
    Migrator::up(db.pool(), Some(BEFORE)).await.unwrap();
    db.pool().execute_unprepared(ROWS).await.unwrap();

    Migrator::up(db.pool(), None).await.unwrap();

    for (table, rows) in [("webhook_event", 1), ("job", 2)] {
        let count = format!("SELECT count(*) AS n FROM {table}");
        let counted = db.pool().query_one_raw(Statement::from_string(db.pool().get_database_backend(), count)).await;
        assert_eq!(counted.unwrap().unwrap().try_get::<i64>("", "n").unwrap(), rows, "{table}");
    }
    // Each again, under another id.
    let again = "INSERT INTO webhook_event SELECT '00000000-0000-0000-0000-000000000012', merchant_id, source, external_id, kind,
        payload, state, error, link_id, received_at, applied_at FROM webhook_event";
    let refused = db.pool().execute_unprepared(again).await.unwrap_err().to_string();
    assert!(refused.contains("webhook_event_merchant_id_source_external_id_key"), "{refused}");
    let again = |key: &str| {
        format!(
            "INSERT INTO job (id, kind, dedup_key, payload, state, run_at, created_at) \
             VALUES (gen_random_uuid(), 'purge_link', {key}, '{{}}', 'queued', now(), now())"
        )
    };
    let refused = db.pool().execute_unprepared(&again("'once'")).await.unwrap_err().to_string();
    assert!(refused.contains("job_kind_dedup_key_key"), "{refused}");
    db.pool().execute_unprepared(&again("NULL")).await.unwrap();
}
