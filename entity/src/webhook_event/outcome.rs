//! Outcomes of events. Earlier versions wrote them into the event itself; those count where there is no entry here.

use chrono::{DateTime, Utc};
use sea_orm::{
    ExprTrait, JoinType, QuerySelect, QueryTrait, RelationDef, Select, SelectTwo,
    entity::prelude::*,
    sea_query::{Alias, Asterisk, Func, Order, Query, SelectStatement, UnionType},
};

use super::{EventState, WebhookEvent};
use domain::{LinkId, MerchantId, WebhookEventId};

/// The outcome of an event.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_outcome")]
pub struct Model {
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: WebhookEventId,
    /// The merchant that received it.
    pub merchant_id: MerchantId,
    /// The state it reached.
    pub state: EventState,
    /// Why it could not be applied.
    pub error: Option<String>,
    /// The link it is about.
    pub link_id: Option<LinkId>,
    /// When it was applied.
    pub applied_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

fn of_event() -> RelationDef {
    super::Entity::belongs_to(Entity).from(super::Column::Id).to(Column::EventId).into()
}

/// Joins events with their outcomes.
pub(super) fn with_outcome(events: Select<super::Entity>) -> SelectTwo<super::Entity, Entity> {
    events.join(JoinType::LeftJoin, of_event()).select_also(Entity)
}

pub(super) fn merged((event, outcome): (WebhookEvent, Option<Model>)) -> WebhookEvent {
    match outcome {
        Some(Model { state, error, link_id, applied_at, .. }) => {
            WebhookEvent { state, error, link_id, applied_at: Some(applied_at), ..event }
        }
        None => event,
    }
}

/// The condition that a joined event has this state.
pub(super) fn is(state: EventState) -> Expr {
    let told = [Expr::col((Entity, Column::State)), Expr::col((super::Entity, super::Column::State))];
    Expr::from(Func::coalesce(told)).eq(state)
}

/// The newest of the merchant's events in this state, before this one: at most this many by outcome, and this many by their
/// own row. For states that have indexes.
pub(super) fn newest(
    merchant: MerchantId,
    state: EventState,
    before: Option<WebhookEventId>,
    limit: u64,
) -> SelectStatement {
    let first = |mut events: SelectStatement, id: Expr| {
        if let Some(before) = before {
            events.and_where(id.clone().lt(before));
        }
        let events = events.order_by_expr(id, Order::Desc).limit(limit).take();
        Query::select().column(Asterisk).from_subquery(events, Alias::new("newest")).take()
    };
    let (outcomes, events) = by_either(merchant, state);
    first(outcomes, Column::EventId.into_expr())
        .union(UnionType::All, first(events, super::Column::Id.into_expr()))
        .take()
}

/// The merchant's events in this state, by outcome and by their own row. The state is a literal: for a parameter, the
/// partial indexes of single states are not used.
pub(super) fn by_either(merchant: MerchantId, state: EventState) -> (SelectStatement, SelectStatement) {
    let outcomes = Entity::find()
        .select_only()
        .column(Column::EventId)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Expr::cust(format!("webhook_outcome.state = '{state}'")));
    let events = super::Entity::find()
        .select_only()
        .column(super::Column::Id)
        .filter(super::Column::MerchantId.eq(merchant))
        .filter(Expr::cust(format!("webhook_event.state = '{state}'")));
    (outcomes.into_query(), events.into_query())
}

/// The condition that an event has an outcome.
pub(super) fn is_there() -> Expr {
    Expr::exists(of_this_event()).or(super::Column::State.ne(EventState::Received))
}

/// The condition that an event has no outcome. Those of the events in question are from `first` on, and before `end`: so
/// that not all outcomes of 90 days are read for the events of a minute.
pub(super) fn is_missing(first: Option<Uuid>, end: Option<Uuid>) -> Expr {
    let mut outcome = of_this_event();
    let bounds = [first.map(|first| Column::EventId.gte(first)), end.map(|end| Column::EventId.lt(end))];
    for bound in bounds.into_iter().flatten() {
        outcome.and_where(bound);
    }
    Expr::not_exists(outcome).and(super::Column::State.eq(EventState::Received))
}

fn of_this_event() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::EventId)).equals((super::Entity, super::Column::Id)))
        .take()
}

/// The events about a link.
pub(super) fn about(link: LinkId) -> SelectStatement {
    Entity::find().select_only().column(Column::EventId).filter(Column::LinkId.eq(link)).into_query()
}

/// Deletes the outcome of an event whose payload is still stored. Returns whether there was one.
pub(super) async fn forget(db: &impl ConnectionTrait, event: &WebhookEvent) -> Result<bool, DbErr> {
    let kept = super::Entity::find()
        .select_only()
        .column(super::Column::Id)
        .filter(super::Column::Id.eq(event.id))
        .filter(super::Column::MerchantId.eq(event.merchant_id))
        .filter(super::Column::Payload.is_not_null());
    let gone = Entity::delete_many().filter(Column::EventId.in_subquery(kept.into_query())).exec(db).await?;
    Ok(gone.rows_affected == 1)
}
