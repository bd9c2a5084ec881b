//! Stores incoming events, each once.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, sqlx};
use uuid::Uuid;

use super::{EventState, Source};
use crate::{Rows, metrics};
use domain::{MerchantId, WebhookEventId};

/// An incoming event.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The id of the event.
    pub id: WebhookEventId,
    /// The merchant that received it.
    pub merchant_id: MerchantId,
    /// The sender.
    pub source: Source,
    /// The sender's id of the event.
    pub external_id: String,
    /// The sender's type of the event.
    pub kind: String,
    /// The body as received.
    pub payload: String,
    /// The trace of the request that brought it, in the W3C Trace Context format.
    pub traceparent: Option<String>,
}

/// Stores events, all or none, and returns the ids of the new ones. Of several events with the same sender and sender's
/// id, one is stored. They are committed when this returns.
///
/// # Errors
/// Returns an error if the database does not store them.
pub async fn store<'a>(
    db: &DatabaseConnection,
    events: impl IntoIterator<Item = &'a NewEvent>,
    now: DateTime<Utc>,
) -> Result<HashSet<WebhookEventId>, DbErr> {
    // Sorted, so that two writers with the same events do not deadlock.
    let mut in_order = BTreeMap::new();
    for event in events {
        in_order.entry((event.merchant_id, event.source.as_str(), event.external_id.as_str())).or_insert(event);
    }
    let events: Vec<&NewEvent> = in_order.into_values().collect();
    match (events.is_empty(), db.get_database_backend()) {
        (true, _) => Ok(HashSet::new()),
        (false, DbBackend::Postgres) => store_in_postgresql(db, &events, now).await,
        (false, _) => store_in_sqlite(db, &events, now).await,
    }
}

/// Raw SQL: an insertion of a list of rows, as one statement. It goes to the driver directly, which takes the values by
/// reference; sea-orm would copy each three times, a twelfth of what an event costs the API.
async fn store_in_postgresql(
    db: &DatabaseConnection,
    events: &[&NewEvent],
    now: DateTime<Utc>,
) -> Result<HashSet<WebhookEventId>, DbErr> {
    const INSERT: &str = "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, traceparent, \
        state, received_at) \
        SELECT *, $8, $9 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) \
        ON CONFLICT (merchant_id, source, external_id) DO NOTHING RETURNING id";

    let insert = sqlx::query_scalar::<_, Uuid>(INSERT)
        .bind(column(events, |event| event.id.uuid()))
        .bind(column(events, |event| event.merchant_id.uuid()))
        .bind(column(events, |event| event.source.as_str()))
        .bind(column(events, |event| event.external_id.as_str()))
        .bind(column(events, |event| event.kind.as_str()))
        .bind(column(events, |event| event.payload.as_str()))
        .bind(column(events, |event| event.traceparent.as_deref()))
        .bind(EventState::Received.as_str())
        .bind(now);
    let mut connection = db.get_postgres_connection_pool().acquire().await.map_err(no_connection)?;
    match insert.fetch_all(&mut *connection).await {
        Ok(new) => Ok(new.into_iter().map(WebhookEventId::from_uuid).collect()),
        Err(error) => {
            metrics::statement_failed();
            Err(DbErr::Query(RuntimeErr::SqlxError(error.into())))
        }
    }
}

fn no_connection(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

fn column<'a, T>(events: &[&'a NewEvent], value: impl Fn(&'a NewEvent) -> T) -> Vec<T> {
    events.iter().map(|event| value(event)).collect()
}

/// Raw SQL: an insertion of a list of rows, as one statement. `WHERE true` tells the parser that `ON CONFLICT` does not
/// belong to a join.
async fn store_in_sqlite(
    db: &DatabaseConnection,
    events: &[&NewEvent],
    now: DateTime<Utc>,
) -> Result<HashSet<WebhookEventId>, DbErr> {
    const INSERT: &str = "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, traceparent, \
        state, received_at) SELECT id, merchant_id, source, external_id, kind, payload, traceparent, {0}, {1} FROM v \
        WHERE true ON CONFLICT (merchant_id, source, external_id) DO NOTHING RETURNING id";

    let mut rows = Rows::new([
        ("id", "uuid"),
        ("merchant_id", "uuid"),
        ("source", "text"),
        ("external_id", "text"),
        ("kind", "text"),
        ("payload", "text"),
        ("traceparent", "text?"),
    ]);
    for event in events {
        rows.push([
            event.id.into(),
            event.merchant_id.into(),
            event.source.into(),
            event.external_id.as_str().into(),
            event.kind.as_str().into(),
            event.payload.as_str().into(),
            event.traceparent.clone().into(),
        ]);
    }
    let insert = rows.statement(db.get_database_backend(), INSERT, vec![EventState::Received.into(), now.into()]);
    db.query_all_raw(insert).await?.iter().map(|row| row.try_get("", "id")).collect()
}
