//! Erasing the numbers of buyers from whom nothing is kept.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{LockType, Query},
};

use super::{Column, Conversation, Entity};
use crate::{Transaction, list::Period, message};
use domain::ConversationId;

/// A page, by id, of conversations without messages whose number is still stored, because a person opted it out or in,
/// and in which nothing happened since `cutoff`.
pub async fn due_for_forgetting(
    db: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    after: Option<ConversationId>,
    limit: u64,
) -> Result<Vec<Conversation>, DbErr> {
    let mut texts = Query::select();
    texts
        .expr(Expr::value(1))
        .limit(1)
        .from(message::Entity)
        .and_where(Expr::col((message::Entity, message::Column::ConversationId)).equals((Entity, Column::Id)))
        .and_where(Expr::col((message::Entity, message::Column::Body)).is_not_null());
    let before = |column: Column| column.is_null().or(column.lte(cutoff));
    let mut query = Entity::find()
        // The condition of their index.
        .filter(Column::Phone.is_not_null())
        .filter(Column::OptedOutAt.is_not_null().or(Column::OptedInAt.is_not_null()))
        .filter(Column::CreatedAt.lte(cutoff))
        .filter(Column::LastMessageAt.lte(cutoff))
        .filter(before(Column::OptedOutAt))
        .filter(before(Column::OptedInAt))
        // Run for one after the other. `NOT EXISTS` would be planned as a join with the texts of all conversations.
        .filter(Expr::SubQuery(None, Box::new(texts.into())).is_null());
    // Skips ids after the cutoff, which could not match.
    for bound in (Period { from: None, to: Some(cutoff) }).of_ids(Column::Id, TimeDelta::zero()) {
        query = query.filter(bound);
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// Erases the numbers of these conversations. Their opt-outs stay.
pub async fn forget_numbers(tx: &Transaction, conversations: &[Conversation]) -> Result<(), DbErr> {
    for conversation in conversations {
        Entity::find_by_id(conversation.id).lock(LockType::NoKeyUpdate).one(tx).await?;
        forget_if_empty(tx, conversation.id).await?;
    }
    Ok(())
}

/// Erases the number and the name of a conversation without messages.
pub(crate) async fn forget_if_empty(db: &impl ConnectionTrait, id: ConversationId) -> Result<(), DbErr> {
    if message::has_texts(db, id).await? {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::Phone, Expr::value(Option::<String>::None))
        .col_expr(Column::CustomerName, Expr::value(Option::<String>::None))
        .col_expr(Column::OptOutReason, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}
