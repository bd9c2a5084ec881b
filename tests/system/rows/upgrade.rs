//! A database that was in use before a schema step.

use entity::Db;
use migration::{Migrate, Migrator};
use sea_orm::{ConnectionTrait, Statement};

use crate::support::{folder, fresh_postgresql, migrated_postgresql};

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

#[tokio::test]
async fn the_events_of_before_are_not_looked_through_for_a_new_column() {
    let db = Db::open(&migrated_postgresql().await, 2).await.unwrap();
    // Whoever validates a check reads the whole table, and no webhook is taken in meanwhile.
    let validated = "SELECT convalidated FROM pg_constraint WHERE conname = 'webhook_event_traceparent_check'";
    let validated = Statement::from_string(db.pool().get_database_backend(), validated);
    let validated = db.pool().query_one_raw(validated).await.unwrap().unwrap();
    assert!(!validated.try_get::<bool>("", "convalidated").unwrap());

    db.pool().execute_unprepared(ROWS).await.unwrap();
    let long = format!("UPDATE webhook_event SET traceparent = '{}'", "0".repeat(65));
    let refused = db.pool().execute_unprepared(&long).await.unwrap_err().to_string();
    assert!(refused.contains("webhook_event_traceparent_check"), "{refused}");
}

/// How many steps there are before this one.
fn steps_before(name: &str) -> u32 {
    let steps = Migrator::migrations();
    u32::try_from(steps.iter().position(|step| step.name() == name).unwrap()).unwrap()
}

/// A merchant with two orders, one of them without a payment request.
const ORDERS: &str = "
    INSERT INTO merchant (id, name, region, time_zone, sms_rate, created_at)
        VALUES ('{merchant}', 'Example', 'US', 'UTC', 1, '2026-01-01T00:00:00+00:00');
    INSERT INTO orders (id, merchant_id, number, customer_name, amount, currency, details, tag, created_at) VALUES
        ('{unasked}', '{merchant}', '1', 'Example', 100, 'usd', '{}', 'none', '2026-01-01T00:00:00+00:00'),
        ('{asked}', '{merchant}', '2', 'Example', 100, 'usd', '{}', 'unpaid', '2026-01-01T00:00:00+00:00')";

async fn orders_from_before_are_found_by_what_nobody_is_asked_for(url: &str, id: impl Fn(u8) -> String) {
    let db = Db::open(url, 2).await.unwrap();
    Migrator::up(db.pool(), Some(steps_before("m0093_unasked_orders"))).await.unwrap();
    let ids = [("{merchant}", 1), ("{unasked}", 2), ("{asked}", 3)];
    let quoted = |text: String, (name, number): (&str, u8)| text.replace(&format!("'{name}'"), &id(number));
    db.pool().execute_unprepared(&ids.into_iter().fold(ORDERS.to_owned(), quoted)).await.unwrap();

    Migrator::up(db.pool(), None).await.unwrap();

    let kept =
        format!("SELECT count(*) AS n FROM unasked_order WHERE merchant_id = {} AND order_id = {}", id(1), id(2));
    let unpaid =
        format!("SELECT count(*) AS n FROM unpaid_order WHERE merchant_id = {} AND order_id = {}", id(1), id(3));
    for (count, rows) in [
        ("SELECT count(*) AS n FROM unasked_order", 1),
        (kept.as_str(), 1),
        ("SELECT count(*) AS n FROM unpaid_order", 1),
        (unpaid.as_str(), 1),
    ] {
        let counted = db.pool().query_one_raw(Statement::from_string(db.pool().get_database_backend(), count)).await;
        assert_eq!(counted.unwrap().unwrap().try_get::<i64>("", "n").unwrap(), rows, "{count}");
    }
}

/// A link in a state, paid or not; the ids are quoted where they are inserted.
const LINK: &str = "
    INSERT INTO orders (id, merchant_id, number, customer_name, amount, currency, details, tag, created_at)
        VALUES ('{id}', '{merchant}', '{state}', 'Example', 100, 'usd', '{}', 'none', '2026-01-01T00:00:00+00:00');
    INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
        stripe_link_id, livemode, created_at, expires_at, paid_at)
        VALUES ('{id}', '{merchant}', '{id}', '{state}', {hash}, '1', 100, 'usd', 'a.pdf', 'plink_{state}', false,
            '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', {paid_at})";

async fn links_from_before_are_found_by_their_state(url: &str, id: impl Fn(u8) -> String) {
    let db = Db::open(url, 2).await.unwrap();
    Migrator::up(db.pool(), Some(steps_before("m0096_closed_links"))).await.unwrap();
    let merchant = ORDERS.split_once(';').unwrap().0.replace("'{merchant}'", &id(1));
    db.pool().execute_unprepared(&merchant).await.unwrap();
    for (number, state) in [(2, "voided"), (3, "expired"), (4, "unpaid"), (5, "paid"), (6, "processing")] {
        let paid_at = if state == "paid" { "'2026-01-02T00:00:00+00:00'" } else { "NULL" };
        let link = LINK.replace("'{merchant}'", &id(1)).replace("'{id}'", &id(number));
        let hash = if url.starts_with("sqlite") { "randomblob(32)" } else { "sha256('{state}')" };
        let link = link.replace("{hash}", hash).replace("{state}", state).replace("{paid_at}", paid_at);
        db.pool().execute_unprepared(&link).await.unwrap();
    }

    Migrator::up(db.pool(), None).await.unwrap();

    for (found, rows) in [
        ("closed_link".to_owned(), 3),
        (format!("closed_link WHERE state = 'processing' AND link_id = {}", id(6)), 1),
        ("open_link".to_owned(), 2),
        (format!("open_link WHERE merchant_id = {} AND link_id IN ({}, {})", id(1), id(4), id(6)), 2),
        (format!("closed_link WHERE state = 'voided' AND link_id = {0} AND order_id IS NOT NULL", id(2)), 1),
        (format!("closed_link WHERE state = 'expired' AND link_id = {}", id(3)), 1),
    ] {
        let count =
            Statement::from_string(db.pool().get_database_backend(), format!("SELECT count(*) AS n FROM {found}"));
        let counted = db.pool().query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(counted.try_get::<i64>("", "n").unwrap(), rows, "{found}");
    }
}

fn uuid_on_postgresql(number: u8) -> String {
    format!("'00000000-0000-0000-0000-00000000000{number}'")
}

fn uuid_on_sqlite(number: u8) -> String {
    format!("X'0000000000000000000000000000000{number}'")
}

#[tokio::test]
async fn orders_from_before_are_found_by_what_nobody_is_asked_for_on_postgresql() {
    orders_from_before_are_found_by_what_nobody_is_asked_for(&fresh_postgresql().await, uuid_on_postgresql).await;
}

#[tokio::test]
async fn orders_from_before_are_found_by_what_nobody_is_asked_for_on_sqlite() {
    let place = folder("paylink-rows-");
    let url = format!("sqlite://{}?mode=rwc", place.path().join("rows.db").display());
    orders_from_before_are_found_by_what_nobody_is_asked_for(&url, uuid_on_sqlite).await;
}

#[tokio::test]
async fn links_from_before_are_found_by_their_state_on_postgresql() {
    links_from_before_are_found_by_their_state(&fresh_postgresql().await, uuid_on_postgresql).await;
}

#[tokio::test]
async fn links_from_before_are_found_by_their_state_on_sqlite() {
    let place = folder("paylink-rows-");
    let url = format!("sqlite://{}?mode=rwc", place.path().join("rows.db").display());
    links_from_before_are_found_by_their_state(&url, uuid_on_sqlite).await;
}
