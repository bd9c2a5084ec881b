//! Stores incoming events, each once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, Statement};

use super::{EventState, Source};
use crate::Rows;
use domain::{MerchantId, WebhookEventId};

/// What comes in.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its id.
    pub id: WebhookEventId,
    /// Whom it was told to.
    pub merchant_id: MerchantId,
    /// Who told.
    pub source: Source,
    /// The sender's id of it.
    pub external_id: String,
    /// The sender's word for what happened.
    pub kind: String,
    /// The body as it came.
    pub payload: String,
}

/// The statement that stores events; it answers the `id` of each that was not stored before. Of two events of a sender with the same
/// id, in `events` or beside them, one is stored. `None` if there are none. Their jobs are enqueued with it.
pub fn insertion<'a>(
    backend: DbBackend,
    events: impl IntoIterator<Item = &'a NewEvent>,
    now: DateTime<Utc>,
) -> Option<Statement> {
    // Two writers that have the same two events take them in the same order, so that neither waits for the other for ever.
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
    ]);
    for event in in_order.into_values() {
        rows.push([
            event.id.into(),
            event.merchant_id.into(),
            event.source.into(),
            event.external_id.as_str().into(),
            event.kind.as_str().into(),
            event.payload.as_str().into(),
        ]);
    }
    if rows.is_empty() {
        return None;
    }
    // `WHERE true` tells SQLite that the conflict is not one of a join.
    let insert = "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, state, received_at) \
        SELECT id, merchant_id, source, external_id, kind, payload, {0}, {1} FROM v WHERE true \
        ON CONFLICT (merchant_id, source, external_id) DO NOTHING RETURNING id";
    Some(rows.statement(backend, insert, vec![EventState::Received.into(), now.into()]))
}
