//! `/v1/webhook-events`: what Stripe and the carrier reported, and with what result.

use chrono::{DateTime, Utc};
use domain::{LinkId, WebhookEventId};
use entity::{
    AuditAction,
    list::Found,
    webhook_event::{self, EventState, ReplayRefusal, Source, WebhookEvent, WebhookEventSearch},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};

use super::Group;
use crate::http::typed::{Limit, Text, TextOf};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::paging::{Asked, Page, id},
    v1::command::{Accepted, Answered, fingerprint},
};

pub(super) struct WebhookEvents;

/// An event received by webhook.
#[derive(Debug, Object)]
#[oai(rename = "WebhookEvent", skip_serializing_if_is_none)]
struct EventView {
    id: Text<WebhookEventId>,
    /// The sender's type of the event, such as `checkout.session.completed`.
    #[oai(rename = "type")]
    kind: String,
    /// `stripe` or `sms`.
    source: Text<Source>,
    /// The sender's id of the event.
    external_id: String,
    received_at: DateTime<Utc>,
    /// When its job finished.
    applied_at: Option<DateTime<Utc>>,
    /// `received`: its job is not done yet; `applied`; `ignored`: it is not relevant to us; `failed`: `error` says why.
    state: Text<EventState>,
    error: Option<String>,
    /// The payment link it is about.
    link_id: Option<Text<LinkId>>,
    /// Whether it can be replayed: its payload is stored until it is ignored, or for 90 days; once it is applied, only
    /// if it is at most 64 KiB long.
    replayable: bool,
}

impl From<WebhookEvent> for EventView {
    fn from(event: WebhookEvent) -> Self {
        Self {
            id: Text(event.id),
            kind: event.kind,
            source: Text(event.source),
            external_id: event.external_id,
            received_at: event.received_at,
            applied_at: event.applied_at,
            state: Text(event.state),
            error: event.error,
            link_id: event.link_id.map(Text),
            replayable: event.payload.is_some() && event.state != EventState::Received,
        }
    }
}

#[OpenApi(tag = "Group::Connections")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl WebhookEvents {
    /// List webhook events
    ///
    /// Those of the last 90 days. By a source or a state, a page is shorter than requested, and may be empty, after some thousands of
    /// events were looked through for it: `next_cursor` goes on.
    #[oai(path = "/webhook-events", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// The sender's type of the event.
        #[oai(name = "type")]
        kind: Query<Option<String>>,
        /// `stripe` or `sms`.
        source: Query<Option<Text<Source>>>,
        /// `received`, `applied`, `ignored` or `failed`.
        state: Query<Option<Text<EventState>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<WebhookEventId>>>,
    ) -> Result<Json<Page<EventView>>, Problem> {
        let asked = Asked::<WebhookEventId>::new(limit.0, cursor.0);
        let search = WebhookEventSearch {
            kind: kind.0,
            source: source.0.map(Text::value),
            state: state.0.map(Text::value),
            before: asked.before,
            limit: asked.fetch(),
            ..WebhookEventSearch::default()
        };
        let (db, merchant) = (api.db.pool(), key.0.merchant);
        let Found { rows, looked_to } = if search.state == Some(EventState::Received) {
            queue::admin::waiting_events(db, merchant, &search).await?
        } else {
            webhook_event::search(db, merchant, &search).await?
        };
        Ok(Json(asked.page_up_to(rows, looked_to, |event| event.id, |event| Ok::<_, Problem>(event.into()))?))
    }

    /// See a webhook event
    #[oai(path = "/webhook-events/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] event_id: Path<TextOf<WebhookEventId>>,
    ) -> Result<Json<EventView>, Problem> {
        let event = webhook_event::find(api.db.pool(), key.0.merchant, id(&event_id)?).await?;
        Ok(Json(event.ok_or_else(Problem::not_found)?.into()))
    }

    /// Replay a webhook event
    ///
    /// Applies it again from its stored payload. An event that was already applied has no further effect.
    #[oai(path = "/webhook-events/:id/replay", method = "post")]
    async fn replay(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] event_id: Path<TextOf<WebhookEventId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<EventView>, Problem> {
        let fingerprint = fingerprint(&format!("POST replay {}", event_id.0), &[]);
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, event_id) = (*api, &key, &event_id.0);
            async move { accept_replay(api, key, event_id, now).await }
        })
        .await
    }
}

async fn accept_replay(
    api: &Api,
    key: &Writer,
    event_id: &str,
    now: DateTime<Utc>,
) -> Result<Accepted<EventView>, Problem> {
    let merchant = key.0.merchant;
    let found = webhook_event::find(api.db.pool(), merchant, id(event_id)?).await?;
    let mut event = found.ok_or_else(Problem::not_found)?;
    let tx = api.db.begin().await?;
    let enqueued_job = queue::admin::replay_event(&tx, &event, now).await?.map_err(refused)?;
    tx.done(key.0.did(AuditAction::WebhookEventReplay, &event.id), now);
    (event.state, event.error, event.applied_at) = (EventState::Received, None, None);
    Ok(Accepted {
        tx,
        location: format!("/v1/webhook-events/{}", event.id),
        view: event.into(),
        enqueued: enqueued_job.into_iter().collect(),
    })
}

fn refused(refusal: ReplayRefusal) -> Problem {
    match refusal {
        ReplayRefusal::Waiting => Problem::conflict("event_waiting", "The event has yet to be applied as it is."),
        ReplayRefusal::Erased => Problem::conflict(
            "event_erased",
            "Nothing of the event's content is kept: it meant nothing to us, was applied and is long, or its link was erased.",
        ),
    }
}
