//! Incoming messages that are unread.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{Condition, ExprTrait, PaginatorTrait, QuerySelect, entity::prelude::*};

use super::{Column, Entity};
use domain::{ConversationId, MerchantId, PhoneNumber, Vault};

/// The condition of the index `conversation_unread`.
fn is_unread() -> Condition {
    let not_read = Column::ReadAt.is_null().or(Expr::col(Column::ReadAt).lt(Expr::col(Column::HeardAt)));
    Condition::all().add(Column::HeardAt.is_not_null()).add(not_read)
}

/// The number of the merchant's conversations with unread messages.
pub async fn count_unread(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<u64, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(is_unread()).count(db).await
}

/// The ones of these numbers that have unread messages, by the hashes of their conversations, whichever form of the
/// number the conversation was created under.
pub(crate) async fn unread_of(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phones: impl IntoIterator<Item = &PhoneNumber>,
) -> Result<HashSet<Vec<u8>>, DbErr> {
    let forms = phones.into_iter().flat_map(PhoneNumber::forms);
    let hashes: HashSet<Vec<u8>> = forms.map(|form| vault.phone_hash(merchant, &form)).collect();
    if hashes.is_empty() {
        return Ok(HashSet::new());
    }
    let unread: Vec<Vec<u8>> = Entity::find()
        .select_only()
        .column(Column::PhoneHash)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::PhoneHash.is_in(hashes))
        .filter(is_unread())
        .into_tuple()
        .all(db)
        .await?;
    Ok(unread.into_iter().collect())
}

/// Records a message of the buyer, which reopens a closed conversation.
pub(crate) async fn note_heard(
    db: &impl ConnectionTrait,
    conversation: ConversationId,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    super::reopen(db, conversation).await?;
    Entity::update_many()
        .col_expr(Column::HeardAt, Expr::value(at))
        .filter(Column::Id.eq(conversation))
        .filter(Column::HeardAt.is_null().or(Column::HeardAt.lt(at)))
        .exec(db)
        .await
        .map(|_| ())
}
