//! Correcting and archiving orders.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{ActiveModel, Details, Order};
use crate::{
    Transaction,
    change::{Change, ChangeKind},
    json_column::stored_json,
    link, search,
};
use domain::{Money, PhoneNumber};

/// Changes of an order; absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct OrderChanges {
    /// The merchant's own number for it.
    pub number: Option<String>,
    /// The buyer's name.
    pub customer_name: Option<String>,
    /// The buyer's number.
    pub customer_phone: Option<PhoneNumber>,
    /// The buyer's language; `Some(None)` removes it.
    pub language: Option<Option<String>>,
    /// The total and the contents.
    pub terms: Option<(Money, Details)>,
    /// The date of its invoice; `Some(None)` removes it.
    pub invoice_date: Option<Option<NaiveDate>>,
    /// The day by which it is to be paid; `Some(None)` removes it.
    pub due_date: Option<Option<NaiveDate>>,
    /// The merchant's metadata as JSON.
    pub metadata: Option<String>,
    /// The notes of the merchant's people; `Some(None)` removes them.
    pub notes: Option<Option<String>>,
}

impl OrderChanges {
    /// Removes changes that have no effect.
    ///
    /// # Errors
    /// Returns an error if the stored value is damaged.
    pub fn without_what_is_so(self, order: &Order) -> Result<Self, DbErr> {
        let (money, details, dates) = (order.money()?, order.details()?, order.dates());
        Ok(Self {
            number: self.number.filter(|number| *number != order.number),
            customer_name: self.customer_name.filter(|name| *name != order.customer_name),
            customer_phone: self.customer_phone.filter(|phone| Some(phone) != order.customer_phone.as_ref()),
            language: self.language.filter(|language| *language != order.language),
            terms: self.terms.filter(|terms| *terms != (money, details)),
            invoice_date: self.invoice_date.filter(|day| *day != dates.invoice),
            due_date: self.due_date.filter(|day| *day != dates.due),
            metadata: self.metadata.filter(|metadata| *metadata != order.metadata),
            notes: self.notes.filter(|notes| *notes != order.notes),
        })
    }

    /// Whether it changes the terms, which an open link shows to the buyer.
    #[must_use]
    pub const fn is_of_terms(&self) -> bool {
        self.number.is_some() || self.terms.is_some() || self.invoice_date.is_some() || self.due_date.is_some()
    }

    /// The names of the changed fields.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("number", self.number.is_some()),
            ("customer.name", self.customer_name.is_some()),
            ("customer.phone", self.customer_phone.is_some()),
            ("customer.language", self.language.is_some()),
            ("amount", self.terms.is_some()),
            ("invoice_date", self.invoice_date.is_some()),
            ("due_date", self.due_date.is_some()),
            ("metadata", self.metadata.is_some()),
            ("notes", self.notes.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changes)| changes.then_some(name))
        .collect()
    }
}

/// Whether the order has an open link.
pub async fn has_open_link(db: &impl ConnectionTrait, order: &Order) -> Result<bool, DbErr> {
    let links = link::of_order(db, order.merchant_id, order.id).await?;
    Ok(links.iter().any(|link| link.state.is_open()))
}

/// Changes an order and returns it.
///
/// # Errors
/// Returns an error if the database query fails or another order has the number: see [`super::is_second_number`].
pub async fn change(
    tx: &Transaction,
    order: &Order,
    changes: OrderChanges,
    now: DateTime<Utc>,
) -> Result<Order, DbErr> {
    let mut row = ActiveModel { id: Set(order.id), ..Default::default() };
    if let Some(number) = changes.number {
        row.number_key = Set(order.archived_at.is_none().then(|| number.clone()));
        row.number = Set(number);
    }
    if let Some(name) = changes.customer_name {
        row.customer_name = Set(name);
    }
    if let Some(phone) = changes.customer_phone {
        row.customer_phone = Set(Some(phone));
    }
    if let Some(language) = changes.language {
        row.language = Set(language);
    }
    if let Some((money, details)) = changes.terms {
        row.amount = Set(money.minor());
        row.currency = Set(money.currency());
        row.details = Set(stored_json(&details)?);
    }
    if let Some(day) = changes.invoice_date {
        row.invoice_date = Set(day.map(|day| day.to_string()));
    }
    if let Some(day) = changes.due_date {
        row.due_date = Set(day.map(|day| day.to_string()));
    }
    if let Some(metadata) = changes.metadata {
        row.metadata = Set(metadata);
    }
    if let Some(notes) = changes.notes {
        row.notes = Set(notes);
    }
    written(tx, row, now).await
}

/// Archives an order, or restores it. An archived order frees its number.
///
/// # Errors
/// Returns an error if the database query fails or another order has taken the number: see [`super::is_second_number`].
pub async fn archive(
    tx: &Transaction,
    order: &Order,
    at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Order, DbErr> {
    let number_key = at.is_none().then(|| order.number.clone());
    let row =
        ActiveModel { id: Set(order.id), archived_at: Set(at), number_key: Set(number_key), ..Default::default() };
    written(tx, row, now).await
}

async fn written(tx: &Transaction, row: ActiveModel, now: DateTime<Utc>) -> Result<Order, DbErr> {
    let order = row.update(tx).await?;
    search::refresh(tx, order.merchant_id, order.id).await?;
    tx.changed(Change::order(ChangeKind::OrderUpdated, order.merchant_id, order.id, now));
    Ok(order)
}
