//! Opt-outs. Only this module changes them. An opt-out cancels waiting texts, and the latest statement wins, in
//! whatever order statements are processed.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{Condition, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Conversation, Entity, InboxPosition};
use crate::{
    Transaction,
    credits::CreditError,
    message::{refused, waiting_for},
};
use domain::{MerchantId, words};

words! {
    /// Who opted a number out.
    pub enum OptOutSource {
        /// The buyer, by a text.
        Buyer = "buyer",
        /// The carrier, which refused a text for it.
        Carrier = "carrier",
        /// The merchant, for a buyer who said so in another way.
        Merchant = "merchant",
    }
}

/// An opt-out of a number.
#[derive(Debug, Clone)]
pub struct OptOut {
    /// Who opted it out.
    pub source: OptOutSource,
    /// The reason given.
    pub reason: Option<String>,
    /// When it was said, which may be long before it is processed.
    pub at: DateTime<Utc>,
}

impl OptOut {
    /// An opt-out without a reason.
    #[must_use]
    pub fn by(source: OptOutSource, at: DateTime<Utc>) -> Self {
        Self { source, reason: None, at }
    }
}

/// The failure reason of the texts that were waiting.
const WHY: &str = "The buyer has asked to get no more texts.";

/// Opts the number out and cancels its waiting texts, which then cost nothing. Returns `false` if it was opted out
/// before, or has opted in since.
///
/// # Errors
/// Returns an error if the database query fails, or if the credits of a waiting text cannot be released.
pub async fn opt_out(
    tx: &Transaction,
    conversation: &Conversation,
    said: OptOut,
    now: DateTime<Utc>,
) -> Result<bool, CreditError> {
    let OptOut { source, reason, at } = said;
    let not_again_since = Condition::any().add(Column::OptedInAt.is_null()).add(Column::OptedInAt.lte(at));
    let changed = Entity::update_many()
        .col_expr(Column::OptedOutAt, Expr::value(at))
        .col_expr(Column::OptOutSource, Expr::value(source))
        .col_expr(Column::OptOutReason, Expr::value(reason))
        .filter(Column::Id.eq(conversation.id))
        .filter(Column::OptedOutAt.is_null())
        .filter(not_again_since)
        .exec(tx)
        .await?;
    // A repeated opt-out counts as the later statement, so an opt-in from in between that is processed later has no
    // effect.
    Entity::update_many()
        .col_expr(Column::OptedOutAt, Expr::value(at))
        .filter(Column::Id.eq(conversation.id))
        .filter(Column::OptedOutAt.lt(at))
        .exec(tx)
        .await?;
    // Texts accepted earlier may be waiting even if nothing changed, since the previous version did not find all of
    // them.
    if is_opted_out(tx, conversation).await? {
        for waiting in waiting_for(tx, conversation.merchant_id, conversation.id).await? {
            refused(tx, &waiting, WHY.to_owned(), now).await?;
        }
    }
    Ok(changed.rows_affected > 0)
}

async fn is_opted_out(tx: &Transaction, conversation: &Conversation) -> Result<bool, DbErr> {
    let found = Entity::find_by_id(conversation.id).filter(Column::OptedOutAt.is_not_null()).one(tx).await?;
    Ok(found.is_some())
}

/// Opts the number in as of `at`. A later opt-out stays. Returns `false` if it was not opted out.
pub async fn opt_in(db: &impl ConnectionTrait, conversation: &Conversation, at: DateTime<Utc>) -> Result<bool, DbErr> {
    Entity::update_many()
        .col_expr(Column::OptedInAt, Expr::value(at))
        .filter(Column::Id.eq(conversation.id))
        .filter(Condition::any().add(Column::OptedInAt.is_null()).add(Column::OptedInAt.lt(at)))
        .exec(db)
        .await?;
    let changed = Entity::update_many()
        .col_expr(Column::OptedOutAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(Column::OptOutSource, Expr::value(Option::<String>::None))
        .col_expr(Column::OptOutReason, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(conversation.id))
        .filter(Column::OptedOutAt.lte(at))
        .exec(db)
        .await?;
    Ok(changed.rows_affected > 0)
}

/// A page of the merchant's opted-out conversations, latest first.
pub async fn opted_out(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    before: Option<InboxPosition>,
    limit: u64,
) -> Result<Vec<Conversation>, DbErr> {
    let mut query = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::OptedOutAt.is_not_null());
    if let Some(InboxPosition { at, id }) = before {
        let same_time = Condition::all().add(Column::OptedOutAt.eq(at)).add(Column::Id.lt(id));
        query = query.filter(Condition::any().add(Column::OptedOutAt.lt(at)).add(same_time));
    }
    query.order_by_desc(Column::OptedOutAt).order_by_desc(Column::Id).limit(limit).all(db).await
}

/// The ones of these hashes that are opted out.
pub async fn opted_out_of(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    hashes: Vec<Vec<u8>>,
) -> Result<HashSet<Vec<u8>>, DbErr> {
    let mut found = HashSet::new();
    for some in hashes.chunks(AT_ONCE) {
        let opted_out: Vec<Vec<u8>> = Entity::find()
            .select_only()
            .column(Column::PhoneHash)
            .filter(Column::MerchantId.eq(merchant))
            .filter(Column::PhoneHash.is_in(some.iter().cloned()))
            .filter(Column::OptedOutAt.is_not_null())
            .into_tuple()
            .all(db)
            .await?;
        found.extend(opted_out);
    }
    Ok(found)
}

/// The most hashes in one statement.
const AT_ONCE: usize = 500;
