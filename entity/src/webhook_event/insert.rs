//! Stores incoming events, each once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, Statement};

use super::{EventState, Source};
use crate::Rows;
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

/// The statement that stores events and returns the `id` of each that is new. Of several events with the same sender
/// and sender's id, one is stored. `None` if there are no events.
pub fn insertion<'a>(
    backend: DbBackend,
    events: impl IntoIterator<Item = &'a NewEvent>,
    now: DateTime<Utc>,
) -> Option<Statement> {
    // Sorted, so that two writers with the same events do not deadlock.
    let mut in_order = BTreeMap::new();
    for event in events {
        in_order.entry((event.merchant_id, event.source.as_str(), &event.external_id)).or_insert(event);
    }
    let mut rows = Rows::new([
        ("id", "uuid"),
        ("merchant_id", "uuid"),
        ("source", "text"),
        ("external_id", "text"),
        ("kind", "text"),
        ("payload", "text"),
        ("traceparent", "text?"),
    ]);
    for event in in_order.into_values() {
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
    if rows.is_empty() {
        return None;
    }
    // `WHERE true` tells SQLite's parser that `ON CONFLICT` does not belong to a join.
    let insert = "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, traceparent, state, \
        received_at) SELECT id, merchant_id, source, external_id, kind, payload, traceparent, {0}, {1} FROM v WHERE true \
        ON CONFLICT (merchant_id, source, external_id) DO NOTHING RETURNING id";
    Some(rows.statement(backend, insert, vec![EventState::Received.into(), now.into()]))
}
