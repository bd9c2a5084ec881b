//! Scheduled texts.

use chrono::{DateTime, Utc};
use sea_orm::{
    Condition, ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Query, SelectStatement},
};

use super::{Column, Entity, Message};
use crate::{conversation, link};
use domain::{LinkState, MerchantId, MessageId};

/// A page of all merchants' scheduled messages that are due. A message waits while its link is being made or a payment
/// for it is in progress.
pub async fn scheduled_until(
    db: &impl ConnectionTrait,
    at: DateTime<Utc>,
    after: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Message>, DbErr> {
    let undecided = link_in([LinkState::Creating, LinkState::Processing]);
    let due = Condition::all().add(Column::ScheduledFor.lte(at)).add(Expr::not_exists(undecided));
    page(db, due, after, limit).await
}

/// A page of scheduled messages that are obsolete: their link is closed or closing, or their buyer has opted out or was
/// erased.
pub async fn scheduled_in_vain(
    db: &impl ConnectionTrait,
    after: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Message>, DbErr> {
    let closed = link_in([
        LinkState::Failed,
        LinkState::Paid,
        LinkState::Voiding,
        LinkState::Voided,
        LinkState::Expiring,
        LinkState::Expired,
        LinkState::Settling,
    ]);
    let unreachable = Query::select()
        .column(conversation::Column::Id)
        .from(conversation::Entity)
        .and_where(Expr::col((conversation::Entity, conversation::Column::Id)).equals((Entity, Column::ConversationId)))
        .cond_where(
            Condition::any()
                .add(conversation::Column::OptedOutAt.is_not_null())
                .add(conversation::Column::Phone.is_null()),
        )
        .to_owned();
    let in_vain =
        Condition::any().add(Expr::exists(closed)).add(Expr::exists(unreachable)).add(Column::PurgedAt.is_not_null());
    page(db, in_vain, after, limit).await
}

/// The message's link, if it is in one of these states.
fn link_in(states: impl IntoIterator<Item = LinkState>) -> SelectStatement {
    Query::select()
        .column(link::Column::Id)
        .from(link::Entity)
        .and_where(Expr::col((link::Entity, link::Column::Id)).equals((Entity, Column::LinkId)))
        .and_where(link::Column::State.is_in(states))
        .to_owned()
}

async fn page(
    db: &impl ConnectionTrait,
    which: Condition,
    after: Option<MessageId>,
    limit: u64,
) -> Result<Vec<Message>, DbErr> {
    let mut query = Entity::find().filter(is_scheduled()).filter(which);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// Written out to match the index of scheduled messages.
fn is_scheduled() -> Expr {
    Expr::cust("message.status = 'scheduled'")
}

/// Whether the merchant has a message with this deduplication key.
pub async fn has_once_key(db: &impl ConnectionTrait, merchant: MerchantId, key: &str) -> Result<bool, DbErr> {
    let one = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::OnceKey.eq(key)).one(db).await?;
    Ok(one.is_some())
}
