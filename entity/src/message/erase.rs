//! Erases texts. Their costs stay.

use chrono::{DateTime, Utc};
use sea_orm::{
    Condition,
    entity::prelude::*,
    sea_query::{CaseStatement, IntoCondition},
};

use super::{Column, Entity};
use crate::{
    Transaction,
    change::{Change, ChangeKind},
    conversation, picture,
};
use domain::{ConversationId, LinkId};

/// Replaces the reason why a text failed.
const ERASED: &str = "The reason was erased.";

/// Whether the conversation has texts that are not erased.
pub(crate) async fn has_texts(db: &impl ConnectionTrait, conversation: ConversationId) -> Result<bool, DbErr> {
    let one = Entity::find()
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::Body.is_not_null())
        .one(db)
        .await?;
    Ok(one.is_some())
}

/// Erases the texts with a link. Their costs stay.
pub(crate) async fn erase_texts(tx: &Transaction, link: LinkId, now: DateTime<Utc>) -> Result<(), DbErr> {
    conversation::hold_those_of(tx, link).await?;
    let conversations = erase(tx, Column::LinkId.eq(link), now).await?;
    forget_empty(tx, conversations).await
}

/// Erases the other texts from before `cutoff`. Returns how many.
pub async fn erase_said_before(tx: &Transaction, cutoff: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let which = Condition::all().add(Column::LinkId.is_null()).add(Column::CreatedAt.lte(cutoff));
    let conversations = erase(tx, which, now).await?;
    let erased = conversations.len() as u64;
    forget_empty(tx, conversations).await?;
    Ok(erased)
}

/// Erases the texts of a conversation that have no link.
pub(crate) async fn erase_said_in(
    tx: &Transaction,
    conversation: ConversationId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let which = Condition::all().add(Column::LinkId.is_null()).add(Column::ConversationId.eq(conversation));
    erase(tx, which, now).await?;
    conversation::forget_if_empty(tx, conversation).await
}

/// Erases texts. Returns the conversation of each.
async fn erase(tx: &Transaction, which: impl IntoCondition, now: DateTime<Utc>) -> Result<Vec<ConversationId>, DbErr> {
    // The carrier's description of a failure may contain the number.
    let reason =
        CaseStatement::new().case(Column::Error.is_not_null(), ERASED).finally(Expr::value(Option::<String>::None));
    let erased = Entity::update_many()
        .col_expr(Column::Body, Expr::value(Option::<String>::None))
        .col_expr(Column::Error, reason.into())
        .col_expr(Column::PurgedAt, Expr::value(now))
        .filter(which.into_condition())
        .filter(Column::PurgedAt.is_null())
        .exec_with_returning(tx)
        .await?;
    if !erased.is_empty() {
        picture::erase_of(tx, erased.iter().map(|message| message.id), now).await?;
    }
    for message in &erased {
        tx.changed(Change::message(ChangeKind::MessageUpdated, message, now));
    }
    Ok(erased.into_iter().map(|message| message.conversation_id).collect())
}

async fn forget_empty(tx: &Transaction, mut conversations: Vec<ConversationId>) -> Result<(), DbErr> {
    conversations.sort_unstable();
    conversations.dedup();
    for conversation in conversations {
        conversation::forget_if_empty(tx, conversation).await?;
    }
    Ok(())
}
