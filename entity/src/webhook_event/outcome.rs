//! Outcomes of events. Earlier versions wrote them into the event itself; those are used where there is no entry here.

use chrono::{DateTime, Utc};
use sea_orm::{
    ExprTrait, JoinType, QuerySelect, QueryTrait, RelationDef, Select, SelectTwo,
    entity::prelude::*,
    sea_query::{Func, Query, SelectStatement, UnionType},
};

use super::{EventState, WebhookEvent};
use domain::{LinkId, MerchantId, WebhookEventId};

/// What became of an event.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_outcome")]
pub struct Model {
    /// Of which event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: WebhookEventId,
    /// Whom it was told to.
    pub merchant_id: MerchantId,
    /// What became of it.
    pub state: EventState,
    /// Why it could not be applied.
    pub error: Option<String>,
    /// The link it was about.
    pub link_id: Option<LinkId>,
    /// When it was applied.
    pub applied_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

fn of_event() -> RelationDef {
    super::Entity::belongs_to(Entity).from(super::Column::Id).to(Column::EventId).into()
}

/// The events with what became of them.
pub(super) fn with_outcome(events: Select<super::Entity>) -> SelectTwo<super::Entity, Entity> {
    events.join(JoinType::LeftJoin, of_event()).select_also(Entity)
}

/// An event that was read so.
pub(super) fn merged((event, outcome): (WebhookEvent, Option<Model>)) -> WebhookEvent {
    match outcome {
        Some(Model { state, error, link_id, applied_at, .. }) => {
            WebhookEvent { state, error, link_id, applied_at: Some(applied_at), ..event }
        }
        None => event,
    }
}

/// Whether this is what became of an event that is read so.
pub(super) fn is(state: EventState) -> Expr {
    let told = [Expr::col((Entity, Column::State)), Expr::col((super::Entity, super::Column::State))];
    Expr::from(Func::coalesce(told)).eq(state)
}

/// The merchant's events that could not be applied, by the outcome or by themselves.
pub(super) fn failed(merchant: MerchantId) -> SelectStatement {
    let outcomes = Entity::find()
        .select_only()
        .column(Column::EventId)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::State.eq(EventState::Failed));
    let events = super::Entity::find()
        .select_only()
        .column(super::Column::Id)
        .filter(super::Column::MerchantId.eq(merchant))
        .filter(super::Column::State.eq(EventState::Failed));
    outcomes.into_query().union(UnionType::All, events.into_query()).take()
}

/// Whether anything became of an event.
pub(super) fn is_there() -> Expr {
    let outcome = Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::EventId)).equals((super::Entity, super::Column::Id)))
        .take();
    Expr::exists(outcome).or(super::Column::State.ne(EventState::Received))
}

/// The events that were about a link.
pub(super) fn about(link: LinkId) -> SelectStatement {
    Entity::find().select_only().column(Column::EventId).filter(Column::LinkId.eq(link)).into_query()
}

/// Forgets what became of an event of which something is kept; whether there was anything.
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
