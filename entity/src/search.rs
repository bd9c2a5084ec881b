//! Substring search, and the column by which orders are searched.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, Condition, DbBackend, QueryOrder, QuerySelect, Select, Value,
    entity::prelude::*,
    sea_query::{ArrayType, ExprTrait, Func, LikeExpr, LockType},
};

use crate::{Rows, link, order};
use domain::{
    MerchantId, Money, OrderId, PhoneNumber,
    search::{Sought, fold, grams, searchable, whole_number},
};

/// How many older orders are made searchable at once.
const AT_ONCE: u64 = 200;

/// Ends each search text. A text that an earlier version wrote, without notes and metadata, lacks it.
const END: &str = "\n";

/// An order whose text lacks the [`END`]: exactly the condition of the index `orders_with_earlier_search`.
const EARLIER: &str = "(orders.search IS NULL OR orders.search NOT LIKE '%\n')";

/// The metadata of a link without any.
const NO_METADATA: &str = "{}";

/// The most characters of notes and metadata in a search text, since the index grows with them.
const MOST_KEPT: usize = 8_000;

/// The condition that `column` contains `text`, ignoring case and without wildcards in `text`. On `SQLite` the case of
/// letters beyond ASCII counts: those are found as they are written, or if they are small.
#[must_use]
pub fn contains(column: impl ColumnTrait, text: &str) -> Expr {
    let small = Expr::expr(Func::lower(column.into_expr())).like(pattern(&text.to_lowercase()));
    if text.is_ascii() { small } else { small.or(column.into_expr().like(pattern(text))) }
}

/// The pattern that finds this text in a folded column.
pub(crate) fn pattern(text: &str) -> LikeExpr {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}

/// What a text means, of the merchant's orders: the orders of the buyer whose whole number it is or, if there is none,
/// those that it is part of: of their number, of their buyer's name or phone number, of their amount, of their notes, of
/// a value of their metadata, or of the number, the amount or the metadata of one of their links. An empty text means all
/// orders.
pub(crate) enum Meant {
    /// The orders of this buyer. An index has them in the order of the list, however common the number's parts are.
    Buyer(PhoneNumber),
    /// The orders that match this; `None` for all.
    Text(Option<Sought>),
}

impl Meant {
    /// What this text means.
    pub(crate) async fn by(db: &impl ConnectionTrait, text: &str, merchant: MerchantId) -> Result<Self, DbErr> {
        let is_part = Self::Text(Sought::parse(text));
        let whole = whole_number(text).and_then(|text| PhoneNumber::from_e164(&text).ok());
        let Some(phone) = whole else { return Ok(is_part) };
        let meant = Self::Buyer(phone);
        let any: Option<OrderId> = meant.orders(merchant).limit(1).into_tuple().one(db).await?;
        Ok(if any.is_some() { meant } else { is_part })
    }

    /// What this text means, if there is one.
    pub(crate) async fn by_any(
        db: &impl ConnectionTrait,
        text: Option<&str>,
        merchant: MerchantId,
    ) -> Result<Option<Self>, DbErr> {
        match text {
            Some(text) => Self::by(db, text, merchant).await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) const fn is_one_buyer(&self) -> bool {
        matches!(self, Self::Buyer(_))
    }

    /// The condition on orders, without an index, for one after the other.
    pub(crate) fn one_by_one(&self, merchant: MerchantId) -> Condition {
        let of_merchant = Condition::all().add(order::Column::MerchantId.eq(merchant));
        match self {
            Self::Buyer(phone) => of_merchant.add(order::Column::CustomerPhone.eq(phone.clone())),
            Self::Text(Some(sought)) => orders_sought(sought, merchant, DbBackend::Sqlite),
            Self::Text(None) => of_merchant,
        }
    }

    /// The ids of the orders, if an index leads to them.
    pub(crate) fn by_index(&self, merchant: MerchantId, backend: DbBackend) -> Option<Select<order::Entity>> {
        let Self::Text(sought) = self else { return Some(self.orders(merchant)) };
        let sought = sought.as_ref()?;
        let ids = order::Entity::find().select_only().column(order::Column::Id);
        are_indexed(sought, backend).then(|| ids.filter(orders_sought(sought, merchant, backend)))
    }

    fn orders(&self, merchant: MerchantId) -> Select<order::Entity> {
        order::Entity::find().select_only().column(order::Column::Id).filter(self.one_by_one(merchant))
    }
}

/// Whether an index leads to the orders that match. `SQLite` has none, but one that it reads quickly from end to end.
pub(crate) fn are_indexed(sought: &Sought, backend: DbBackend) -> bool {
    !matches!(backend, DbBackend::Postgres) || sought.meant().iter().all(|one| !grams(one).is_empty())
}

/// The merchant's orders that match a parsed search, on `PostgreSQL` by the index of their parts if it leads to them.
pub(crate) fn orders_sought(sought: &Sought, merchant: MerchantId, backend: DbBackend) -> Condition {
    let is_merchants = if matches!(backend, DbBackend::Postgres) && are_indexed(sought, backend) {
        // The index knows the merchant. A comparison would have PostgreSQL list all of the merchant's orders beside it: not
        // at first, but from the sixth search of a connection on, which it plans for any merchant.
        let is_merchants = "CASE WHEN \"orders\".\"merchant_id\" = $1 THEN true ELSE false END";
        Expr::cust_with_values(is_merchants, [merchant.uuid()])
    } else {
        order::Column::MerchantId.eq(merchant)
    };
    let of_merchant = Condition::all().add(is_merchants);
    let any = sought.meant().iter().fold(Condition::any(), |any, one| any.add(meant(one, merchant, backend)));
    of_merchant.add(any)
}

fn meant(folded: &str, merchant: MerchantId, backend: DbBackend) -> Condition {
    let column = Expr::col((order::Entity, order::Column::Search));
    let all = Condition::all().add(column.like(pattern(folded)));
    let mut grams = grams(folded);
    if !matches!(backend, DbBackend::Postgres) || grams.is_empty() {
        return all;
    }
    grams.push(merchant.uuid().to_string());
    let list = grams.into_iter().map(Value::from).collect();
    let sought = Value::Array(ArrayType::String, Some(Box::new(list)));
    // Our own function, as the index has it.
    all.add(Expr::cust_with_values("paylink_grams(\"orders\".\"merchant_id\", \"orders\".\"search\") @> $1", [sought]))
}

/// The text by which an order is searched.
pub(crate) fn text_of(order: &order::Model, links: &[link::Model]) -> String {
    let decimals = |money: Money| money.to_decimal_string();
    // A damaged amount is not searchable, but must not block the order.
    let amount = order.money().map(decimals).unwrap_or_default();
    let phone = order.customer_phone.as_ref().map(|phone| phone.as_e164().to_owned()).unwrap_or_default();
    let mut texts = vec![order.number.clone(), order.customer_name.clone(), phone, amount];
    for link in links.iter().filter(|link| link.purged_at.is_none()) {
        texts.extend(link.invoice_number.clone());
        texts.extend(link.money().ok().flatten().map(decimals));
    }
    texts.extend(kept_with(order, links));
    let mut seen: Vec<&str> = Vec::new();
    for text in &texts {
        if !seen.contains(&text.as_str()) {
            seen.push(text);
        }
    }
    searchable(seen) + END
}

/// What the merchant's people and software keep with an order and its links: as much as it is searched by.
fn kept_with(order: &order::Model, links: &[link::Model]) -> Vec<String> {
    let mut kept: Vec<String> = order.notes.iter().cloned().collect();
    kept.extend(order.metadata().unwrap_or_default().into_values());
    for link in links.iter().filter(|link| link.purged_at.is_none()) {
        kept.extend(link.metadata().unwrap_or_default().into_values());
    }
    let mut room = MOST_KEPT;
    for text in &mut kept {
        *text = text.chars().take(room).collect();
        room -= text.chars().count();
    }
    kept
}

/// Updates the search text of an order from the order and its links.
pub(crate) async fn refresh(tx: &impl ConnectionTrait, merchant: MerchantId, id: OrderId) -> Result<(), DbErr> {
    let found = order::Entity::find_by_id(id)
        .filter(order::Column::MerchantId.eq(merchant))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?;
    let Some(order) = found else { return Ok(()) };
    let links = link::Entity::find().filter(link::Column::MerchantId.eq(merchant)).filter(link::Column::OrderId.eq(id));
    let text = text_of(&order, &links.order_by_desc(link::Column::Id).all(tx).await?);
    if order.search.as_ref() == Some(&text) {
        return Ok(());
    }
    order::Entity::update_many()
        .col_expr(order::Column::Search, Expr::value(text))
        .filter(order::Column::Id.eq(id))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Updates the search text of an order that has a new link. Writes nothing if the link adds nothing, as one for the
/// whole order does. Returns the order as it was before.
pub(crate) async fn refresh_for(tx: &impl ConnectionTrait, link: &link::Model) -> Result<Option<order::Model>, DbErr> {
    let Some(order) = order::find(tx, link.merchant_id, link.order_id).await? else { return Ok(None) };
    let amount = link.money().ok().flatten().map(Money::to_decimal_string);
    let adds = link.invoice_number.iter().chain(&amount).map(|text| fold(text));
    let known: Vec<&str> = order.search.as_deref().unwrap_or_default().split('\n').collect();
    if adds.into_iter().all(|text| known.contains(&text.as_str())) && link.metadata == NO_METADATA {
        return Ok(Some(order));
    }
    refresh(tx, link.merchant_id, link.order_id).await?;
    Ok(Some(order))
}

/// The result of making a page of orders searchable.
#[derive(Debug, Clone, Copy)]
pub struct Refreshed {
    /// The number of orders.
    pub count: u64,
    /// The last order.
    pub last: OrderId,
}

/// Brings the search texts of the next orders after this one that an earlier version wrote up to date. Returns `None`
/// if there are none left.
pub async fn refresh_some(db: &impl ConnectionTrait, after: Option<OrderId>) -> Result<Option<Refreshed>, DbErr> {
    let mut query = order::Entity::find().filter(Expr::cust(EARLIER));
    if let Some(after) = after {
        query = query.filter(order::Column::Id.gt(after));
    }
    let orders = query.order_by_asc(order::Column::Id).limit(AT_ONCE).all(db).await?;
    let Some(last) = orders.last().map(|order| order.id) else { return Ok(None) };
    let mut links: HashMap<OrderId, Vec<link::Model>> = HashMap::new();
    let of_these = link::Column::OrderId.is_in(orders.iter().map(|order| order.id));
    for link in link::Entity::find().filter(of_these).all(db).await? {
        links.entry(link.order_id).or_default().push(link);
    }
    let mut rows = Rows::new([("the_order", "uuid"), ("the_text", "text"), ("was_text", "text?")]);
    for order in &orders {
        let text = text_of(order, links.get(&order.id).map_or(&[], Vec::as_slice));
        rows.push([order.id.into(), text.into(), order.search.clone().into()]);
    }
    // An order that changed meanwhile already has a new text.
    let update =
        "UPDATE orders SET search = the_text FROM v WHERE id = the_order AND search IS NOT DISTINCT FROM was_text";
    db.execute_raw(rows.statement(db.get_database_backend(), update, Vec::new())).await?;
    Ok(Some(Refreshed { count: orders.len() as u64, last }))
}
