use chrono::{DateTime, TimeDelta, Utc};
use domain::{LinkId, WebhookEventId};
use entity::{
    merchant,
    webhook_event::{
        self, Column, Conclusion, Entity, EventSpan, EventState, NewEvent, ReplayRefusal, Source, WebhookEvent,
        WebhookEventSearch, outcome,
    },
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{Rows, now, on_both_databases};
use crate::support::new_merchant;

/// An event that came in.
async fn received(rows: &Rows, name: &str) -> WebhookEventId {
    received_at(rows, name, now()).await
}

/// An event that came in at this time.
async fn received_at(rows: &Rows, name: &str, at: DateTime<Utc>) -> WebhookEventId {
    let event = NewEvent {
        id: WebhookEventId::new(at),
        merchant_id: rows.merchant,
        source: Source::Stripe,
        external_id: name.to_owned(),
        kind: "checkout.session.completed".to_owned(),
        payload: "{}".to_owned(),
        traceparent: None,
    };
    webhook_event::store(rows.db.pool(), [&event], now()).await.unwrap();
    event.id
}

async fn conclude(rows: &Rows, event: WebhookEventId, state: EventState, link: Option<LinkId>) {
    let conclusion = Conclusion { merchant: rows.merchant, event, state, link, error: None, is_first: false };
    webhook_event::conclude(rows.db.pool(), &[conclusion], now()).await.unwrap().unwrap();
}

/// As a version before wrote it: into the event.
async fn conclude_as_before(rows: &Rows, event: WebhookEventId, state: EventState, link: Option<LinkId>) {
    let concluded = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::LinkId, Expr::value(link))
        .col_expr(Column::AppliedAt, Expr::value(now()))
        .filter(Column::Id.eq(event));
    assert_eq!(concluded.exec(rows.db.pool()).await.unwrap().rows_affected, 1);
}

async fn find(rows: &Rows, event: WebhookEventId) -> WebhookEvent {
    webhook_event::find(rows.db.pool(), rows.merchant, event).await.unwrap().unwrap()
}

async fn in_state(rows: &Rows, state: EventState) -> Vec<WebhookEventId> {
    let search = WebhookEventSearch { state: Some(state), limit: 10, ..WebhookEventSearch::default() };
    let found = webhook_event::search(rows.db.pool(), rows.merchant, &search).await.unwrap();
    let mut events: Vec<WebhookEventId> = found.rows.iter().map(|event| event.id).collect();
    events.sort_unstable();
    events
}

async fn to_replay(rows: &Rows, state: EventState) -> usize {
    let span = EventSpan { state, from: DateTime::UNIX_EPOCH, to: now() + TimeDelta::days(1) };
    webhook_event::to_replay(rows.db.pool(), rows.merchant, span, None, 10).await.unwrap().len()
}

on_both_databases! {
    async fn an_event_says_what_became_of_it_whichever_version_has_concluded_it(rows) {
        let (new, old, open) = (received(&rows, "evt_1").await, received(&rows, "evt_2").await, received(&rows, "evt_3").await);
        conclude(&rows, new, EventState::Failed, None).await;
        conclude_as_before(&rows, old, EventState::Failed, None).await;

        let mut failed = [new, old];
        failed.sort_unstable();
        assert_eq!(in_state(&rows, EventState::Failed).await, failed);
        assert_eq!(in_state(&rows, EventState::Received).await, [open]);
        assert_eq!(to_replay(&rows, EventState::Failed).await, 2);
        for event in [new, old] {
            let found = find(&rows, event).await;
            assert!(found.state == EventState::Failed && found.applied_at.is_some(), "{found:?}");
            assert_eq!(webhook_event::set_back(rows.db.pool(), &found).await.unwrap(), Ok(()));
            assert_eq!(webhook_event::set_back(rows.db.pool(), &found).await.unwrap(), Err(ReplayRefusal::Waiting));
            assert_eq!(find(&rows, event).await.state, EventState::Received);
            conclude(&rows, event, EventState::Applied, None).await;
            let state = EventState::Failed;
            let again = Conclusion { merchant: rows.merchant, event, state, link: None, error: None, is_first: false };
            assert!(webhook_event::conclude(rows.db.pool(), &[again], now()).await.unwrap().is_err());
            assert_eq!(find(&rows, event).await.state, EventState::Applied);
        }
    }

    async fn what_was_told_of_a_link_is_erased_with_it_whichever_version_has_concluded_it(rows) {
        let link = rows.link(&rows.order().await).await.unwrap();
        let (new, old, other) = (received(&rows, "evt_1").await, received(&rows, "evt_2").await, received(&rows, "evt_3").await);
        conclude(&rows, new, EventState::Applied, Some(link.id)).await;
        conclude_as_before(&rows, old, EventState::Applied, Some(link.id)).await;
        conclude(&rows, other, EventState::Applied, None).await;

        webhook_event::erase_payloads(rows.db.pool(), rows.merchant, link.id).await.unwrap();

        for (event, is_kept) in [(new, false), (old, false), (other, true)] {
            assert_eq!(find(&rows, event).await.payload.is_some(), is_kept);
        }
        let erased = find(&rows, new).await;
        assert_eq!(webhook_event::set_back(rows.db.pool(), &erased).await.unwrap(), Err(ReplayRefusal::Erased));
    }
    async fn old_events_are_forgotten_some_at_a_time_with_what_became_of_them(rows) {
        let ages = [200, 150, 100, 91, 89, 0];
        let mut events = Vec::new();
        for age in ages {
            events.push(received_at(&rows, &format!("evt_{age}"), now() - TimeDelta::days(age)).await);
        }
        for event in &events {
            conclude(&rows, *event, EventState::Applied, None).await;
        }
        // Its job is paused, say.
        let waits = received_at(&rows, "evt_waits", now() - TimeDelta::days(180)).await;
        let other = merchant::insert(rows.db.pool(), new_merchant(), now()).await.unwrap().id;
        let forget = async |merchant| {
            webhook_event::forget_before(rows.db.pool(), merchant, now() - TimeDelta::days(90), 3).await.unwrap()
        };
        assert_eq!(forget(other).await, 0);
        assert_eq!(in_state(&rows, EventState::Applied).await, events);
        assert_eq!(forget(rows.merchant).await, 3);
        assert_eq!(in_state(&rows, EventState::Applied).await, events[3..]);
        assert_eq!(forget(rows.merchant).await, 1);
        assert_eq!(forget(rows.merchant).await, 0);
        assert_eq!(in_state(&rows, EventState::Applied).await, events[4..]);
        assert_eq!(outcome::Entity::find().all(rows.db.pool()).await.unwrap().len(), 2);
        assert_eq!(in_state(&rows, EventState::Received).await, [waits]);
    }
}
