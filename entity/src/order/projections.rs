//! Parts of orders, for lists and exports that do not need the rest.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{FromQueryResult, QuerySelect, entity::prelude::*};

use super::{Column, Details, Entity};
use crate::json_column::{read_json, stored_json};
use domain::{Currency, MerchantId, Money, OrderId, PhoneNumber};

/// The names of an order.
#[derive(Debug, Clone, FromQueryResult)]
pub struct OrderName {
    /// Its id.
    pub id: OrderId,
    /// The merchant's own number for it.
    pub number: String,
    /// The buyer's name; empty once erased.
    pub customer_name: String,
    /// The buyer's number; absent once erased.
    pub customer_phone: Option<PhoneNumber>,
    /// The buyer's language, if known.
    pub language: Option<String>,
}

/// The names of the merchant's orders with these ids, without reading whole orders.
pub async fn names(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
) -> Result<HashMap<OrderId, OrderName>, DbErr> {
    let columns = [Column::Id, Column::Number, Column::CustomerName, Column::CustomerPhone, Column::Language];
    let found: Vec<OrderName> = read_columns(db, merchant, ids, columns).await?;
    Ok(found.into_iter().map(|order| (order.id, order)).collect())
}

/// What is exported of an order with its links.
#[derive(Debug, Clone, FromQueryResult)]
pub struct ExportedOrder {
    /// Its id.
    pub id: OrderId,
    /// The merchant's own number for it.
    pub number: String,
    /// The buyer's name; empty once erased.
    pub customer_name: String,
    /// The buyer's number; absent once erased.
    pub customer_phone: Option<PhoneNumber>,
    /// The merchant's notes; absent once erased.
    pub notes: Option<String>,
    /// The total, in people's smallest unit of `currency`.
    pub amount: i64,
    /// The currency of every amount of the order.
    pub currency: Currency,
    /// Its [`Details`] without the items as JSON.
    pub details: String,
    /// The merchant's metadata: a JSON object of strings.
    pub metadata: String,
    /// The date of its invoice.
    pub invoice_date: Option<String>,
    /// The day by which it is to be paid.
    pub due_date: Option<String>,
}

impl ExportedOrder {
    /// The contents without the items, if they are still those of a link over this amount.
    ///
    /// # Errors
    /// Returns an error if the stored JSON is damaged.
    pub fn details_of(&self, asked: Money) -> Result<Option<Details>, DbErr> {
        let is_same = (asked.minor(), asked.currency()) == (self.amount, self.currency);
        is_same.then(|| read_json(&self.details)).transpose()
    }

    /// Without its items, which may be long.
    fn without_items(mut self) -> Result<Self, DbErr> {
        let details: Details = read_json(&self.details)?;
        self.details = stored_json(&Details { items: Vec::new(), ..details })?;
        Ok(self)
    }
}

/// How many orders are read with their items at once.
const EXPORTED_AT_ONCE: usize = 50;

/// What is exported of the merchant's orders with these ids.
pub async fn exported(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
) -> Result<HashMap<OrderId, ExportedOrder>, DbErr> {
    let columns = [
        Column::Id,
        Column::Number,
        Column::CustomerName,
        Column::CustomerPhone,
        Column::Notes,
        Column::Amount,
        Column::Currency,
        Column::Details,
        Column::Metadata,
        Column::InvoiceDate,
        Column::DueDate,
    ];
    let ids: Vec<OrderId> = ids.into_iter().collect();
    let mut exported = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(EXPORTED_AT_ONCE) {
        let found: Vec<ExportedOrder> = read_columns(db, merchant, ids.iter().copied().collect(), columns).await?;
        for order in found {
            exported.insert(order.id, order.without_items()?);
        }
    }
    Ok(exported)
}

/// These columns of the merchant's orders with these ids.
async fn read_columns<Row: FromQueryResult>(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
    columns: impl IntoIterator<Item = Column>,
) -> Result<Vec<Row>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let orders = Entity::find().select_only().columns(columns);
    orders.filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant)).into_model().all(db).await
}
