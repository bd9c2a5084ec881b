//! Finding the conversation with a number, or beginning it.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    FromQueryResult, QueryTrait,
    entity::prelude::*,
    sea_query::{Func, OnConflict},
};

use super::{ActiveModel, Column, Conversation, Entity, with};
use domain::{ConversationId, MerchantId, PhoneNumber, Vault};

/// The other side of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Correspondent<'a> {
    /// The phone number.
    pub phone: &'a PhoneNumber,
    /// The buyer's name, if an order gives it.
    pub name: Option<&'a str>,
}

impl<'a> Correspondent<'a> {
    /// A buyer whose name is known.
    #[must_use]
    pub fn named(phone: &'a PhoneNumber, name: &'a str) -> Self {
        Self { phone, name: Some(name) }
    }
}

impl<'a> From<&'a PhoneNumber> for Correspondent<'a> {
    fn from(phone: &'a PhoneNumber) -> Self {
        Self { phone, name: None }
    }
}

/// The conversation with this number: created if there is none, otherwise updated. A number from an order replaces the
/// stored one, with the buyer's name; a number from a carrier does not, since it may have another form.
pub async fn open(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    with: impl Into<Correspondent<'_>>,
    now: DateTime<Utc>,
) -> Result<Conversation, DbErr> {
    let with = with.into();
    let Correspondent { phone, name } = with;
    let hash = hash_of(db, vault, merchant, phone).await?;
    let mut refreshed = OnConflict::columns([Column::MerchantId, Column::PhoneHash]);
    refreshed.update_column(Column::LastMessageAt);
    if name.is_some() {
        refreshed.update_columns([Column::Phone, Column::CustomerName]);
    } else {
        let known = Expr::col((Entity, Column::Phone));
        refreshed.value(Column::Phone, Func::coalesce([known, Expr::value(phone.clone())]));
    }
    write(db, begun(merchant, with, &hash, now), refreshed).await
}

/// The conversation with this number, created if there is none and otherwise unchanged. For uses that send no message.
pub async fn known_or_begun(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
    now: DateTime<Utc>,
) -> Result<Conversation, DbErr> {
    let hash = hash_of(db, vault, merchant, phone).await?;
    let known = Expr::col((Entity, Column::Phone));
    let mut refreshed = OnConflict::columns([Column::MerchantId, Column::PhoneHash]);
    refreshed.value(Column::Phone, Func::coalesce([known, Expr::value(phone.clone())]));
    write(db, begun(merchant, phone.into(), &hash, now), refreshed).await
}

/// Inserts or refreshes a conversation and returns it, in one round trip.
async fn write(db: &impl ConnectionTrait, row: ActiveModel, refreshed: OnConflict) -> Result<Conversation, DbErr> {
    let backend = db.get_database_backend();
    let mut insert = Entity::insert(row).on_conflict(refreshed).into_query();
    insert.returning_all();
    let written = db.query_one_raw(backend.build(&insert)).await?;
    let written = written.ok_or_else(|| DbErr::RecordNotFound("conversation".to_owned()))?;
    Conversation::from_query_result(&written, "")
}

fn begun(merchant: MerchantId, with: Correspondent<'_>, hash: &[u8], now: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        id: Set(ConversationId::new(now)),
        merchant_id: Set(merchant),
        phone: Set(Some(with.phone.clone())),
        phone_hash: Set(hash.to_vec()),
        customer_name: Set(with.name.map(ToOwned::to_owned)),
        created_at: Set(now),
        last_message_at: Set(now),
        ..Default::default()
    }
}

/// The hash of the conversation with a handset: that of its number's canonical form, or the one it was created under
/// before forms were unified.
async fn hash_of(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    phone: &PhoneNumber,
) -> Result<Vec<u8>, DbErr> {
    // Nearly all numbers have only one form, and need no query.
    if phone.forms().len() > 1
        && let Some(found) = with(db, vault, merchant, phone).await?
    {
        return Ok(found.phone_hash);
    }
    Ok(vault.phone_hash(merchant, &phone.handset()))
}
