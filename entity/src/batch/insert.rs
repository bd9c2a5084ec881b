//! Inserting checked rows, and what is stored of each.

use sea_orm::{ActiveValue::Set, entity::prelude::*};
use serde::{Deserialize, Serialize};

use super::{
    Batch,
    rows::{ActiveModel, Entity, RowState},
};
use crate::{
    json_column::stored_json,
    order::{Dates, Details, Kept, NewOrder},
};
use domain::{Currency, MerchantId, Money, OrderId, PhoneNumber};

/// The content of a row: an order that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowContent {
    number: String,
    customer_name: String,
    customer_phone: String,
    minor: i64,
    currency: String,
    details: Details,
    kept: Kept,
    #[serde(default)]
    dates: Dates,
}

impl RowContent {
    /// The content that creates this order.
    #[must_use]
    pub fn of(order: &NewOrder) -> Self {
        Self {
            number: order.number.clone(),
            customer_name: order.customer_name.clone(),
            customer_phone: order.customer_phone.as_e164().to_owned(),
            minor: order.money.minor(),
            currency: order.money.currency().as_str().to_owned(),
            details: order.details.clone(),
            kept: order.kept.clone(),
            dates: order.dates,
        }
    }

    /// The buyer's name.
    #[must_use]
    pub fn customer_name(&self) -> &str {
        &self.customer_name
    }

    /// The buyer's phone number, in E.164.
    #[must_use]
    pub fn customer_phone(&self) -> &str {
        &self.customer_phone
    }

    /// The order to insert.
    ///
    /// # Errors
    /// Returns an error if the stored value is damaged.
    pub fn into_order(self, merchant: MerchantId) -> Result<NewOrder, DbErr> {
        let damaged = |error: &dyn std::fmt::Display| DbErr::Type(error.to_string());
        let currency = Currency::parse(&self.currency).map_err(|error| damaged(&error))?;
        Ok(NewOrder {
            merchant_id: merchant,
            number: self.number,
            customer_name: self.customer_name,
            customer_phone: PhoneNumber::from_e164(&self.customer_phone).map_err(|error| damaged(&error))?,
            money: Money::from_minor(self.minor, currency).map_err(|error| damaged(&error))?,
            details: self.details,
            dates: self.dates,
            kept: self.kept,
        })
    }
}

/// What was read of a row that cannot be carried out; empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsRead {
    /// The buyer's name.
    pub customer_name: String,
    /// The buyer's phone number: in E.164 if it is one, so that an erasure finds it, or as it was written.
    pub customer_phone: String,
    /// The amount.
    pub amount: String,
}

/// What is stored of a refused row. The version before this reads it as a [`RowContent`].
#[derive(Serialize)]
struct StoredAsRead<'a> {
    #[serde(flatten)]
    read: &'a AsRead,
    number: &'a str,
    minor: i64,
    currency: &'a str,
    details: Details,
    kept: Kept,
}

impl AsRead {
    fn stored(&self) -> Result<String, DbErr> {
        let (details, kept) = (Details::default(), Kept::default());
        stored_json(&StoredAsRead { read: self, number: "", minor: 0, currency: "", details, kept })
    }
}

/// A row that was checked.
#[derive(Debug, Clone)]
pub struct NewRow {
    /// The merchant's key for the row.
    pub key: String,
    /// The merchant's order number, if there is one.
    pub order_number: Option<String>,
    /// The content, if the row is valid.
    pub content: Option<RowContent>,
    /// What was read, if it is not.
    pub read: Option<AsRead>,
    /// The cost of its text.
    pub credits: i64,
    /// A problem or a warning, as a word.
    pub problem: Option<String>,
    /// The problem in words.
    pub detail: Option<String>,
    /// The order that the row's key has become in another batch.
    pub order_id: Option<OrderId>,
}

/// The most rows in one statement.
const AT_ONCE: usize = 200;

/// Inserts the rows of a batch, in order.
pub async fn insert_all(db: &impl ConnectionTrait, batch: &Batch, rows: Vec<NewRow>) -> Result<(), DbErr> {
    let mut written = Vec::with_capacity(rows.len());
    for (number, row) in (1..).zip(rows) {
        let content = row.content.as_ref().map(stored_json).transpose()?;
        let state = if content.is_some() { RowState::Ready } else { RowState::Refused };
        let read = row.read.as_ref().map(AsRead::stored).transpose()?;
        written.push(ActiveModel {
            batch_id: Set(batch.id),
            number: Set(number),
            merchant_id: Set(batch.merchant_id),
            key: Set(row.key),
            state: Set(state),
            order_number: Set(row.order_number),
            minor: Set(row.content.as_ref().map(|content| content.minor)),
            currency: Set(row.content.map(|content| content.currency)),
            content: Set(content.or(read)),
            credits: Set(row.credits),
            problem: Set(row.problem),
            detail: Set(row.detail),
            order_id: Set(row.order_id),
            link_id: Set(None),
            message_id: Set(None),
        });
    }
    for rows in written.chunks(AT_ONCE) {
        Entity::insert_many(rows.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}
