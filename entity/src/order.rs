//! Orders, and the tag that says whether they are paid.

mod change;
mod search;
mod unasked;
mod unpaid;
mod volume;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ExprTrait, FromQueryResult, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{LockType, Query, SelectStatement},
};
use serde::{Deserialize, Serialize};

use crate::{
    Rows, Transaction,
    change::{Change, ChangeKind},
    json_column::{read_json, stored_json},
    link,
    list::Period,
    money_column::stored_money,
    search::text_of,
};
pub use change::{OrderChanges, archive, change, has_open_link};
pub use search::{OrderSearch, by_number, held, is_second_number, numbers_there, search};
pub(crate) use unasked::unasked;
pub(crate) use unpaid::unpaid;
pub use unpaid::{Overdue, overdue};
pub use volume::{count_bytes, forget_counts_before, sizes};

use domain::{Currency, LinkState, MerchantId, Money, OrderId, PhoneNumber, words};

words! {
    /// The payment status of an order. It outlives the purge of the order's links.
    pub enum Tag {
        /// No payment was requested, or the request was withdrawn.
        None = "none",
        /// A payment was requested and has not arrived.
        Unpaid = "unpaid",
        /// Paid.
        Paid = "paid",
    }
}

/// A line of an order. Amounts are in people's smallest unit of the order's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// What it is.
    pub description: String,
    /// The quantity.
    pub quantity: u32,
    /// The price of one.
    pub unit_amount: i64,
}

/// The contents of an order, besides its total.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The lines, in order.
    pub items: Vec<OrderItem>,
    /// The cost of delivery.
    pub shipping: Option<i64>,
    /// The discount.
    pub discount: Option<i64>,
    /// The tax.
    pub tax: Option<i64>,
}

/// The dates on an order's invoice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// The date of the invoice; absent for the day on which its link is created.
    pub invoice: Option<NaiveDate>,
    /// The day by which it is to be paid.
    pub due: Option<NaiveDate>,
}

/// An order.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// The merchant's own number for it.
    pub number: String,
    /// The buyer's name; erased with the last link.
    pub customer_name: String,
    /// The buyer's number; erased with the last link.
    pub customer_phone: Option<PhoneNumber>,
    /// The total, in people's smallest unit of `currency`.
    pub amount: i64,
    /// The currency of every amount of the order.
    pub currency: Currency,
    /// Its [`Details`] as JSON.
    pub details: String,
    /// Whether it is paid.
    pub tag: Tag,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Its searchable text, folded; `None` until it has been indexed.
    pub search: Option<String>,
    /// The merchant's metadata: a JSON object of strings.
    pub metadata: String,
    /// The notes of the merchant's people.
    pub notes: Option<String>,
    /// The buyer's language as a BCP 47 tag.
    pub language: Option<String>,
    /// When it was archived, if it is. Archived orders are not listed.
    pub archived_at: Option<DateTime<Utc>>,
    /// Its number, unless it is archived or a newer order has the same number.
    pub number_key: Option<String>,
    /// The date of its invoice, such as `2026-12-31`.
    pub invoice_date: Option<String>,
    /// The day by which it is to be paid.
    pub due_date: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Order;

impl Model {
    /// The total.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn money(&self) -> Result<Money, DbErr> {
        stored_money(self.amount, self.currency)
    }

    /// Its contents.
    ///
    /// # Errors
    /// Returns an error if the stored JSON is damaged.
    pub fn details(&self) -> Result<Details, DbErr> {
        read_json(&self.details)
    }

    /// The dates on its invoice.
    #[must_use]
    pub fn dates(&self) -> Dates {
        let day = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        Dates { invoice: day(&self.invoice_date), due: day(&self.due_date) }
    }

    /// Whether it is unpaid although its due date is over.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.tag == Tag::Unpaid && self.dates().due.is_some_and(|due| due < today)
    }

    /// Whether its details page is the same as that of `other`.
    #[must_use]
    pub fn prints_as(&self, other: &Self) -> bool {
        let says = |order: &Self| (order.amount, order.currency, order.customer_phone.clone(), order.dates());
        says(self) == says(other)
            && (&self.number, &self.customer_name, &self.details)
                == (&other.number, &other.customer_name, &other.details)
    }

    /// The merchant's metadata.
    ///
    /// # Errors
    /// Returns an error if the stored JSON is damaged.
    pub fn metadata(&self) -> Result<BTreeMap<String, String>, DbErr> {
        read_json(&self.metadata)
    }
}

/// The data of a new order.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The merchant that owns it.
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

/// Inserts a new order. [`is_second_number`] tells whether it failed because another order has the number.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert(tx: &Transaction, new: NewOrder, now: DateTime<Utc>) -> Result<Order, DbErr> {
    let order = ActiveModel::from(to_insert(new, now)?).reset_all();
    let order = order.insert(tx).await?;
    tx.changed(Change::order(ChangeKind::OrderCreated, order.merchant_id, order.id, now));
    Ok(order)
}

/// Inserts a new order unless there is one of its number that is not archived; `None` then, and the transaction can go
/// on.
///
/// # Errors
/// Returns an error if the database query fails.
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
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// The number of its invoice.
    pub number: String,
    /// The total.
    pub money: Money,
}

/// Inserts a lost order, without a buyer or a number key.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert_lost(tx: &Transaction, lost: LostOrder, now: DateTime<Utc>) -> Result<Order, DbErr> {
    let order = ActiveModel {
        id: Set(OrderId::new(now)),
        merchant_id: Set(lost.merchant_id),
        number: Set(lost.number),
        customer_name: Set("Unknown".to_owned()),
        customer_phone: Set(None),
        amount: Set(lost.money.minor()),
        currency: Set(lost.money.currency()),
        details: Set(nothing()?),
        tag: Set(Tag::None),
        created_at: Set(now),
        search: Set(None),
        metadata: Set("{}".to_owned()),
        // Another order may have the number.
        ..Default::default()
    };
    let order = order.insert(tx).await?;
    tx.changed(Change::order(ChangeKind::OrderCreated, order.merchant_id, order.id, now));
    Ok(order)
}

/// The merchant's newest order with this number.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_by_number(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    number: &str,
) -> Result<Option<Order>, DbErr> {
    let of_number = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::Number.eq(number));
    of_number.order_by_desc(Column::Id).one(db).await
}

/// Empty details.
fn nothing() -> Result<String, DbErr> {
    stored_json(&Details::default())
}

/// The merchant's order.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: OrderId) -> Result<Option<Order>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The merchant's orders with these ids.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find_all(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
) -> Result<Vec<Order>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant)).all(db).await
}

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
///
/// # Errors
/// Returns an error if the database query fails.
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

/// The names of the merchant's orders with these ids, without reading whole orders.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn names(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
) -> Result<HashMap<OrderId, OrderName>, DbErr> {
    let columns = [Column::Id, Column::Number, Column::CustomerName, Column::CustomerPhone, Column::Language];
    let found: Vec<OrderName> = read_columns(db, merchant, ids, columns).await?;
    Ok(found.into_iter().map(|order| (order.id, order)).collect())
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

/// Updates orders' tags after changes of their links. Several links of one order are applied in the given order.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn refresh_tags(
    tx: &Transaction,
    moved: impl Iterator<Item = &link::Model>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    // Sorted, so that two groups cannot deadlock.
    let mut tags: BTreeMap<OrderId, (MerchantId, Tag)> = BTreeMap::new();
    for link in moved {
        let Some(tag) = tag_after(link.state) else { continue };
        let (_, last) = tags.entry(link.order_id).or_insert((link.merchant_id, tag));
        if *last != Tag::Paid {
            *last = tag;
        }
    }
    let mut rows = Rows::new([("the_order", "uuid"), ("the_merchant", "uuid"), ("is_tag", "text")]);
    for (order, (merchant, tag)) in tags {
        rows.push([order.into(), merchant.into(), tag.into()]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    // A paid order stays paid whatever happens to its other links.
    let update = "UPDATE orders SET tag = is_tag FROM v \
        WHERE id = the_order AND merchant_id = the_merchant AND tag <> {0} AND tag <> is_tag RETURNING id, merchant_id";
    let statement = rows.statement(tx.get_database_backend(), update, vec![Tag::Paid.into()]);
    for row in tx.query_all_raw(statement).await? {
        let (order, merchant) = (row.try_get("", "id")?, row.try_get("", "merchant_id")?);
        tx.changed(Change::order(ChangeKind::OrderUpdated, merchant, order, now));
    }
    Ok(())
}

/// Resets the tag of an order whose link was not paid after all, unless another of its links is paid or open.
///
/// # Errors
/// Returns an error if the database query fails.
pub(crate) async fn take_back_paid(tx: &Transaction, link: &link::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let links = link::of_order(tx, link.merchant_id, link.order_id).await?;
    if links.iter().any(|other| other.id != link.id && other.state == LinkState::Paid) {
        return Ok(());
    }
    let asks = |other: &link::Model| {
        other.id != link.id && other.state.is_open() && tag_after(other.state) == Some(Tag::Unpaid)
    };
    let tag = if links.iter().any(asks) { Tag::Unpaid } else { Tag::None };
    Entity::update_many()
        .col_expr(Column::Tag, Expr::value(tag))
        .filter(Column::Id.eq(link.order_id))
        .filter(Column::MerchantId.eq(link.merchant_id))
        .exec(tx)
        .await?;
    tx.changed(Change::order(ChangeKind::OrderUpdated, link.merchant_id, link.order_id, now));
    Ok(())
}

/// The tag of an order after one of its links has reached this state; `None` for no change.
const fn tag_after(link: LinkState) -> Option<Tag> {
    match link {
        LinkState::Paid => Some(Tag::Paid),
        // The request was withdrawn.
        LinkState::Voided => Some(Tag::None),
        // An expired link leaves its order unpaid.
        LinkState::Unpaid
        | LinkState::Processing
        | LinkState::Voiding
        | LinkState::Expiring
        | LinkState::Expired
        | LinkState::Settling => Some(Tag::Unpaid),
        LinkState::Creating | LinkState::Failed => None,
    }
}

/// A page, by id, of orders from before `cutoff` whose buyer is still known although no link of theirs has contents
/// left. Most of them never had a link.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn due_for_forgetting(
    db: &impl ConnectionTrait,
    cutoff: DateTime<Utc>,
    after: Option<OrderId>,
    limit: u64,
) -> Result<Vec<Order>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::CustomerPhone.is_not_null())
        .filter(Column::CreatedAt.lte(cutoff))
        .filter(Expr::SubQuery(None, Box::new(unpurged_links().into())).is_null());
    // Those after it are walked for nothing.
    for bound in (Period { from: None, to: Some(cutoff) }).of_ids(Column::Id, TimeDelta::zero()) {
        query = query.filter(bound);
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// A link of an order that still has contents, as a scalar subquery, which is run for one order after the other: as
/// `NOT EXISTS` it would be planned as a merge with the links of all orders.
fn unpurged_links() -> SelectStatement {
    let mut links = Query::select();
    links
        .expr(Expr::value(1))
        .limit(1)
        .from(link::Entity)
        .and_where(Expr::col((link::Entity, link::Column::OrderId)).equals((Entity, Column::Id)))
        .and_where(Expr::col((link::Entity, link::Column::PurgedAt)).is_null());
    links
}

/// Erases the buyers of these orders. Links that are created concurrently either come first or find no buyer.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn forget_customers(tx: &Transaction, orders: &[Order], now: DateTime<Utc>) -> Result<(), DbErr> {
    for order in orders {
        Entity::find_by_id(order.id).lock(LockType::NoKeyUpdate).one(tx).await?;
        forget_customer_if_all_purged(tx, order.merchant_id, order.id, now).await?;
    }
    Ok(())
}

/// Erases the buyer's name and number and the order's contents, once none of its links has contents left.
pub(crate) async fn forget_customer_if_all_purged(
    tx: &Transaction,
    merchant: MerchantId,
    id: OrderId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if link::of_order(tx, merchant, id).await?.iter().any(|link| link.purged_at.is_none()) {
        // The purged link's searchable text must go in any case.
        return crate::search::refresh(tx, merchant, id).await;
    }
    Entity::update_many()
        .col_expr(Column::CustomerName, Expr::value(""))
        .col_expr(Column::CustomerPhone, Expr::value(Option::<String>::None))
        .col_expr(Column::Details, Expr::value(nothing()?))
        .col_expr(Column::Metadata, Expr::value("{}"))
        .col_expr(Column::Notes, Expr::value(Option::<String>::None))
        .col_expr(Column::Language, Expr::value(Option::<String>::None))
        .col_expr(Column::InvoiceDate, Expr::value(Option::<String>::None))
        .col_expr(Column::DueDate, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .exec(tx)
        .await?;
    tx.changed(Change::order(ChangeKind::OrderUpdated, merchant, id, now));
    crate::search::refresh(tx, merchant, id).await
}
