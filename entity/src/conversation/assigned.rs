//! Assigning conversations to people, closing and reopening them.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Conversation, Entity};
use domain::{ApiKeyId, ConversationId};

/// Assigns or unassigns a conversation. Returns `false` if nothing changes.
pub async fn assign(
    db: &impl ConnectionTrait,
    conversation: &Conversation,
    to: Option<ApiKeyId>,
) -> Result<bool, DbErr> {
    if conversation.assigned_to == to {
        return Ok(false);
    }
    Entity::update_many()
        .col_expr(Column::AssignedTo, Expr::value(to))
        .filter(Column::Id.eq(conversation.id))
        .exec(db)
        .await?;
    Ok(true)
}

/// Closes a conversation. Returns `false` if it is closed.
pub async fn close(db: &impl ConnectionTrait, id: ConversationId, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let closed = Entity::update_many()
        .col_expr(Column::ClosedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::ClosedAt.is_null())
        .exec(db)
        .await?;
    Ok(closed.rows_affected == 1)
}

/// Reopens a conversation, by hand or because the buyer wrote. Returns `false` if it is open.
pub async fn reopen(db: &impl ConnectionTrait, id: ConversationId) -> Result<bool, DbErr> {
    let opened = Entity::update_many()
        .col_expr(Column::ClosedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::ClosedAt.is_not_null())
        .exec(db)
        .await?;
    Ok(opened.rows_affected == 1)
}
