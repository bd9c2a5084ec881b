//! Creating orders.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use serde::{Deserialize, Serialize};

use super::{ActiveModel, Dates, Details, Model, Order, Tag, no_details};
use crate::{
    Rows, Transaction,
    change::{Change, ChangeKind},
    json_column::stored_json,
    search::text_of,
};
use domain::{MerchantId, Money, OrderId, PhoneNumber};

/// The data of a new order.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The order's merchant.
    pub merchant_id: MerchantId,
    /// The merchant's own number for it.
    pub number: String,
    /// The buyer's name.
    pub customer_name: String,
    /// The buyer's number.
    pub customer_phone: PhoneNumber,
    /// The total.
    pub money: Money,
    /// Its contents.
    pub details: Details,
    /// The dates on its invoice.
    pub dates: Dates,
    /// Data that only the merchant sees.
    pub kept: Kept,
}

/// Data of an order that only the merchant sees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The merchant's metadata.
    pub metadata: BTreeMap<String, String>,
    /// The notes of the merchant's people.
    pub notes: Option<String>,
    /// The buyer's language as a BCP 47 tag.
    pub language: Option<String>,
}

/// Inserts a new order. [`is_second_number`](super::is_second_number) tells whether it failed because another order has
/// the number.
pub async fn insert(tx: &Transaction, new: NewOrder, now: DateTime<Utc>) -> Result<Order, DbErr> {
    let order = ActiveModel::from(to_insert(new, now)?).reset_all();
    let order = order.insert(tx).await?;
    tx.changed(Change::order(ChangeKind::OrderCreated, order.merchant_id, order.id, now));
    Ok(order)
}

/// Inserts a new order unless there is one of its number that is not archived; `None` then, and the transaction can go
/// on.
pub async fn insert_unless_there(tx: &Transaction, new: NewOrder, now: DateTime<Utc>) -> Result<Option<Order>, DbErr> {
    let order = to_insert(new, now)?;
    let mut rows = Rows::new([
        ("id", "uuid"),
        ("merchant_id", "uuid"),
        ("number", "text"),
        ("customer_name", "text"),
        ("customer_phone", "text?"),
        ("amount", "bigint"),
        ("currency", "text"),
        ("details", "text"),
        ("tag", "text"),
        ("created_at", "timestamptz"),
        ("search", "text?"),
        ("metadata", "text"),
        ("notes", "text?"),
        ("language", "text?"),
        ("number_key", "text?"),
        ("invoice_date", "text?"),
        ("due_date", "text?"),
    ]);
    rows.push([
        order.id.into(),
        order.merchant_id.into(),
        order.number.as_str().into(),
        order.customer_name.as_str().into(),
        order.customer_phone.clone().into(),
        order.amount.into(),
        order.currency.into(),
        order.details.as_str().into(),
        order.tag.into(),
        order.created_at.into(),
        order.search.clone().into(),
        order.metadata.as_str().into(),
        order.notes.clone().into(),
        order.language.clone().into(),
        order.number_key.clone().into(),
        order.invoice_date.clone().into(),
        order.due_date.clone().into(),
    ]);
    // Raw SQL: to look and to write takes one round trip. An order of before, or one that was restored, may have the
    // number without its key; one that is written at the same moment has the key.
    let insert = "INSERT INTO orders (id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, \
            created_at, search, metadata, notes, language, number_key, invoice_date, due_date) \
        SELECT id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, \
            created_at, search, metadata, notes, language, number_key, invoice_date, due_date FROM v \
        WHERE NOT EXISTS (SELECT 1 FROM orders AS other \
            WHERE other.merchant_id = {0} AND other.number = {1} AND other.archived_at IS NULL) \
        ON CONFLICT (merchant_id, number_key) DO NOTHING";
    let named = vec![order.merchant_id.into(), order.number.as_str().into()];
    let written = tx.execute_raw(rows.statement(tx.get_database_backend(), insert, named)).await?;
    if written.rows_affected() == 0 {
        return Ok(None);
    }
    tx.changed(Change::order(ChangeKind::OrderCreated, order.merchant_id, order.id, now));
    Ok(Some(order))
}

/// The row of a new order.
fn to_insert(new: NewOrder, now: DateTime<Utc>) -> Result<Order, DbErr> {
    let details = stored_json(&new.details)?;
    let mut order = Model {
        id: OrderId::new(now),
        merchant_id: new.merchant_id,
        number_key: Some(new.number.clone()),
        number: new.number,
        customer_name: new.customer_name,
        customer_phone: Some(new.customer_phone),
        amount: new.money.minor(),
        currency: new.money.currency(),
        details,
        tag: Tag::None,
        created_at: now,
        search: None,
        metadata: stored_json(&new.kept.metadata)?,
        notes: new.kept.notes,
        language: new.kept.language,
        archived_at: None,
        invoice_date: new.dates.invoice.map(|day| day.to_string()),
        due_date: new.dates.due.map(|day| day.to_string()),
    };
    order.search = Some(text_of(&order, &[]));
    Ok(order)
}

/// An order whose number and total alone are known.
#[derive(Debug, Clone)]
pub struct LostOrder {
    /// The order's merchant.
    pub merchant_id: MerchantId,
    /// The number of its invoice.
    pub number: String,
    /// The total.
    pub money: Money,
}

/// Inserts a lost order, without a buyer. No order has its number: it is found by it, and no second one gets it.
///
/// # Errors
/// Returns an error if the database query fails or another order has taken the number: see
/// [`super::is_second_number`].
pub async fn insert_lost(tx: &Transaction, lost: LostOrder, now: DateTime<Utc>) -> Result<Order, DbErr> {
    let order = ActiveModel {
        id: Set(OrderId::new(now)),
        merchant_id: Set(lost.merchant_id),
        number_key: Set(Some(lost.number.clone())),
        number: Set(lost.number),
        customer_name: Set("Unknown".to_owned()),
        customer_phone: Set(None),
        amount: Set(lost.money.minor()),
        currency: Set(lost.money.currency()),
        details: Set(no_details()?),
        tag: Set(Tag::None),
        created_at: Set(now),
        search: Set(None),
        metadata: Set("{}".to_owned()),
        ..Default::default()
    };
    let order = order.insert(tx).await?;
    tx.changed(Change::order(ChangeKind::OrderCreated, order.merchant_id, order.id, now));
    Ok(order)
}
