//! The sandbox's state, for checking the product against it.

use std::{collections::BTreeMap, sync::Arc};

use poem::{
    handler,
    web::{Data, Json, Query},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{
    delivery::{Content, DeliveryState, WebhookDelivery},
    message::{Message, TextDirection},
    service::Service,
    session::{Session, SessionStatus},
    state::Shared,
    tables::Tables,
};

/// Which requests are asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    /// Both services' if absent.
    service: Option<Service>,
    /// Leaves out the first so many requests of both services, for those who have read them already.
    #[serde(default)]
    skip: usize,
}

/// Every request received, oldest first.
#[handler]
pub(crate) fn requests(Query(of): Query<Of>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    shared.read(|tables| {
        let of_service = |service: Service| of.service.is_none_or(|wanted| wanted == service);
        let requests: Vec<_> =
            tables.requests.iter().skip(of.skip).filter(|request| of_service(request.service)).collect();
        Json(json!({ "items": requests }))
    })
}

/// Every webhook delivery, oldest first.
#[handler]
pub(crate) fn webhooks(Query(of): Query<Of>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    shared.read(|tables| {
        let wanted = |delivery: &&WebhookDelivery| of.service.is_none_or(|service| service == delivery.service);
        let items: Vec<Value> =
            tables.deliveries.iter().filter(wanted).map(|delivery| describe(tables, delivery)).collect();
        Json(json!({ "items": items }))
    })
}

fn describe(tables: &Tables, delivery: &WebhookDelivery) -> Value {
    let (event, kind, form, json) = match &delivery.content {
        Content::Event { event, .. } => {
            (Some(event), tables.events.get(event).map(|event| event.kind.as_str()), None, None)
        }
        Content::Form(pairs) => (None, None, Some(pairs.iter().cloned().collect::<BTreeMap<_, _>>()), None),
        Content::Json(body) => (None, None, None, serde_json::from_str::<Value>(body).ok()),
    };
    json!({
        "id": delivery.id,
        "service": delivery.service,
        "url": delivery.url,
        "event": event,
        "type": kind,
        "form": form,
        "json": json,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "due_at": delivery.next_attempt_at(),
        "last": delivery.last,
    })
}

/// How links are told apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    /// The metadata key; `link_id` if absent.
    key: Option<String>,
}

/// Payment links, counted.
#[derive(Debug, Default, Serialize)]
struct LinkCounts {
    total: usize,
    /// Somebody who opens it could pay.
    live: usize,
    /// Open sessions, which can be paid whatever their link says.
    open_sessions: usize,
    completed_sessions: usize,
    /// Those of the completed ones whose money has come.
    paid_sessions: usize,
}

/// Numbers that an auditor compares with the product's own.
#[handler]
pub(crate) fn counts(Query(by): Query<By>, Data(shared): Data<&Arc<Shared>>) -> Json<Value> {
    let key = by.key.as_deref().unwrap_or("link_id");
    shared.read(|tables| {
        Json(json!({
            "payment_links": count_links(tables, |_| String::new()).remove("").unwrap_or_default(),
            "payment_links_by_metadata": count_links(tables, |metadata| {
                metadata.get(key).cloned().unwrap_or_default()
            }),
            "payments": tables.payments.iter().count(),
            "messages": count_messages(tables),
            "webhooks": count_deliveries(tables),
        }))
    })
}

fn count_links(tables: &Tables, group: impl Fn(&BTreeMap<String, String>) -> String) -> BTreeMap<String, LinkCounts> {
    let mut groups: BTreeMap<String, LinkCounts> = BTreeMap::new();
    for link in tables.links.iter() {
        let count = groups.entry(group(&link.metadata)).or_default();
        count.total += 1;
        count.live += usize::from(link.is_live());
    }
    let link_of = |session: &Session| tables.links.get(&session.link);
    for session in tables.sessions.iter() {
        let Some(link) = link_of(session) else {
            continue;
        };
        let count = groups.entry(group(&link.metadata)).or_default();
        match session.status {
            SessionStatus::Open => count.open_sessions += 1,
            SessionStatus::Complete => {
                count.completed_sessions += 1;
                count.paid_sessions += usize::from(session.paid);
            }
            SessionStatus::Expired => {}
        }
    }
    groups
}

fn count_messages(tables: &Tables) -> Value {
    let count = |direction| tables.messages.iter().filter(|message| message.direction == direction).count();
    let mut by_number: BTreeMap<&str, usize> = BTreeMap::new();
    let is_out = |message: &&Message| message.direction == TextDirection::Outbound;
    tables.messages.iter().filter(is_out).for_each(|message| *by_number.entry(&message.to).or_default() += 1);
    json!({ "sent": count(TextDirection::Outbound), "received": count(TextDirection::Inbound), "sent_to": by_number })
}

fn count_deliveries(tables: &Tables) -> Value {
    let count = |state| tables.deliveries.iter().filter(|delivery| delivery.state == state).count();
    json!({
        "pending": count(DeliveryState::Pending),
        "delivered": count(DeliveryState::Delivered),
        "given_up": count(DeliveryState::Abandoned),
        "dropped": count(DeliveryState::Dropped),
    })
}
