//! `/v1/events`: changes as they happen, as server-sent events.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use poem::{
    IntoResponse, Response,
    http::{StatusCode, header},
    web::{
        Data,
        sse::{Event, SSE},
    },
};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Header,
    payload::{Payload, PlainText},
    registry::{MetaResponses, Registry},
};
use queue::live::{LiveItem, Position, Subscription};

use super::Group;
use crate::{Api, Problem, auth::Reader, http::described::answers_with};

/// How often a line is sent without events, so that proxies keep the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The browser's delay before reconnecting, in milliseconds.
const COME_AGAIN: u64 = 2_000;

pub(super) struct EventsApi;

/// An endless stream of events.
struct EventStream(SSE);

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        self.0.keep_alive(HEARTBEAT).with_header(header::CACHE_CONTROL, "no-store").into_response()
    }
}

impl ApiResponse for EventStream {
    fn meta() -> MetaResponses {
        answers_with("The events.", "text/event-stream", <PlainText<String> as Payload>::schema_ref())
    }

    fn register(_: &mut Registry) {}
}

#[OpenApi(tag = "Group::Feed")]
impl EventsApi {
    /// Follow changes as events
    ///
    /// `link.updated`, `message.updated`, `order.updated` and `credits.updated`, with ids only: read the resource to
    /// see the change. `resync` says that events may have been missed, and that everything shown should be read again.
    /// A client that reconnects with `Last-Event-ID` gets the events in between. Delivery is best effort: poll slowly
    /// as well for anything that must not be missed. The stream ends within seconds after the key or session it was
    /// opened with.
    #[expect(clippy::unused_async, reason = "the framework wants its operations so")]
    #[oai(path = "/events", method = "get")]
    async fn follow(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// The id of the last event received.
        #[oai(name = "Last-Event-ID")]
        last: Header<Option<String>>,
    ) -> Result<EventStream, Problem> {
        // An unknown position counts as none, except that a resync follows.
        let since = last.0.map(|last| last.parse().unwrap_or(Position::UNKNOWN));
        let looking = api.queue.live().look(key.0.merchant, since).map_err(|too_many| {
            let detail = format!("Too many streams of events are open: {too_many}.");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail)
        })?;
        let readiness = api.readiness.clone();
        let over = api.watch.until_over(&key.0);
        let ended = async move {
            tokio::select! {
                () = readiness.stopped() => {}
                () = over => {}
            }
        };
        let events = stream::iter([Event::retry(COME_AGAIN)]).chain(stream::unfold(looking, next));
        Ok(EventStream(SSE::new(events.take_until(Box::pin(ended)))))
    }
}

async fn next(mut looking: Subscription) -> Option<(Event, Subscription)> {
    let event = match looking.next().await {
        // An id without data: the browser stores it and raises no event.
        LiveItem::Here(position) => Event::message("").id(position.to_string()),
        LiveItem::Live(entry) => Event::message(entry.data).event_type(entry.event).id(entry.position.to_string()),
        LiveItem::Missed(position) => Event::message("{}").event_type("resync").id(position.to_string()),
    };
    Some((event, looking))
}
