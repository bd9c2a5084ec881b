//! Opt-outs. This is the only place that changes them. Opting out cancels texts that are waiting, and the latest statement wins, in
//! whatever order statements are read.

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
    /// Who said that a number is to get no texts.
    pub enum OptOutSource {
        /// The buyer, by a text.
        Buyer = "buyer",
        /// The carrier, when it was handed one.
        Carrier = "carrier",
        /// The merchant, for a buyer who said so in another way.
        Merchant = "merchant",
    }
}

/// That a number is to get no texts.
#[derive(Debug, Clone)]
pub struct OptOut {
    /// Who said so.
    pub source: OptOutSource,
    /// The reason that was given.
    pub reason: Option<String>,
    /// When it was said, which may be long before it is read.
    pub at: DateTime<Utc>,
}

impl OptOut {
    /// Somebody said so, and gave no reason.
    #[must_use]
    pub fn by(source: OptOutSource, at: DateTime<Utc>) -> Self {
        Self { source, reason: None, at }
    }
}

/// Why a text that waits is not sent.
const WHY: &str = "The buyer has asked to get no more texts.";

/// The number gets no more texts: what is waiting to be sent is not sent and costs nothing. `false` if it got none before, or has asked
/// for texts again since.
///
/// # Errors
/// When the database does not answer, or the credits of a text that waits cannot be given back.
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
    // Who says it again, says it last: what was said in between, and is read later, changes nothing.
    Entity::update_many()
        .col_expr(Column::OptedOutAt, Expr::value(at))
        .filter(Column::Id.eq(conversation.id))
        .filter(Column::OptedOutAt.lt(at))
        .exec(tx)
        .await?;
    // Texts that were accepted before may wait although nothing changed: the version before did not look for all of them.
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

/// The number gets texts again, as was said at `at`; an opt-out that is later stays. `false` if it got them before.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// A page of the merchant's conversations with those who get no texts, the latest first.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// Those of these hashes under which somebody wants no texts.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// How many hashes are looked for by one statement.
const AT_ONCE: usize = 500;
