//! The rows of a batch, as JSON and as CSV.

use std::collections::{BTreeSet, HashMap};

use domain::{BatchId, Currency, LinkId, MerchantId, MessageId, Money, OrderId};
use entity::{
    Db, Order,
    batch::{self, AsRead, BatchRow, RowContent, RowState},
    order,
};
use poem_openapi::Object;
use sea_orm::{ConnectionTrait, DbErr};

use crate::http::{
    listing::{self, AT_A_TIME},
    typed::{Amount, CurrencyCode, E164, Text},
};

/// A row of a batch.
#[derive(Debug, Object)]
#[oai(rename = "BatchRow", skip_serializing_if_is_none)]
pub(super) struct RowView {
    /// The row's number, from 1.
    number: i64,
    key: String,
    status: Text<RowState>,
    /// Your order number, as read.
    order_number: Option<String>,
    /// The buyer, as read; absent for invalid rows, and once erased.
    customer_name: Option<String>,
    customer_phone: Option<E164>,
    /// The amount, as read.
    amount: Option<Amount>,
    currency: Option<CurrencyCode>,
    /// The cost of its text.
    credits: i64,
    /// An error or a warning: a problem's code, `duplicate_key`, `duplicate_number`, `order_exists`, `done_before`,
    /// `same_phone` or `landline` for a row that is carried out nevertheless, or for a row that is done without a text
    /// the reason, such as `opted_out`.
    problem: Option<String>,
    /// The problem in words.
    detail: Option<String>,
    /// The order created from it, in this batch or an earlier one.
    order_id: Option<Text<OrderId>>,
    link_id: Option<Text<LinkId>>,
    message_id: Option<Text<MessageId>>,
    /// What was read of an invalid row, until it is erased.
    read: Option<ReadView>,
}

/// What was read of an invalid row, as it was written.
#[derive(Debug, Object)]
#[oai(rename = "BatchRowRead", skip_serializing_if_is_none)]
struct ReadView {
    customer_name: Option<String>,
    customer_phone: Option<String>,
    amount: Option<String>,
}

impl From<AsRead> for ReadView {
    fn from(read: AsRead) -> Self {
        let said = |text: String| Some(text).filter(|text| !str::is_empty(text));
        Self {
            customer_name: said(read.customer_name),
            customer_phone: said(read.customer_phone),
            amount: said(read.amount),
        }
    }
}

impl RowView {
    /// The row's number, from 1.
    pub(super) fn number(&self) -> i64 {
        self.number
    }

    fn of(row: BatchRow, order: Option<&Order>) -> Result<Self, DbErr> {
        let damaged = |error: serde_json::Error| DbErr::Json(error.to_string());
        let stored = row.content.as_deref();
        let (of_order, as_read) = if row.state == RowState::Refused { (None, stored) } else { (stored, None) };
        let content = of_order.map(serde_json::from_str::<RowContent>).transpose().map_err(damaged)?;
        let read = as_read.map(serde_json::from_str::<AsRead>).transpose().map_err(damaged)?;
        let known = order.filter(|order| !order.customer_name.is_empty());
        let name = known.map(|order| order.customer_name.clone());
        let phone = known.and_then(|order| Some(order.customer_phone.as_ref()?.as_e164().to_owned()));
        let money = money_of(&row)?;
        Ok(Self {
            number: row.number,
            key: row.key,
            status: Text(row.state),
            order_number: row.order_number.or_else(|| order.map(|order| order.number.clone())),
            customer_name: name.or_else(|| content.as_ref().map(|content| content.customer_name().to_owned())),
            customer_phone: phone
                .or_else(|| content.as_ref().map(|content| content.customer_phone().to_owned()))
                .map(E164::from),
            amount: money.map(|money| Amount::from(money.to_decimal_string())),
            currency: money.map(|money| CurrencyCode::from(money.currency().as_str().to_owned())),
            credits: row.credits,
            problem: row.problem,
            detail: row.detail,
            order_id: row.order_id.map(Text),
            link_id: row.link_id.map(Text),
            message_id: row.message_id.map(Text),
            read: read.map(ReadView::from),
        })
    }
}

/// The amount of a row.
fn money_of(row: &BatchRow) -> Result<Option<Money>, DbErr> {
    let (Some(minor), Some(currency)) = (row.minor, &row.currency) else { return Ok(None) };
    money(minor, currency).map(Some)
}

/// A stored amount.
pub(super) fn money(minor: i64, currency: &str) -> Result<Money, DbErr> {
    let currency = Currency::parse(currency).map_err(|error| DbErr::Type(error.to_string()))?;
    Money::from_minor(minor, currency).map_err(|error| DbErr::Type(error.to_string()))
}

/// Rows with their orders.
pub(super) async fn views(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    rows: Vec<BatchRow>,
) -> Result<Vec<RowView>, DbErr> {
    let ids: BTreeSet<OrderId> = rows.iter().filter_map(|row| row.order_id).collect();
    let orders = order::find_all(db, merchant, ids).await?;
    let orders: HashMap<OrderId, Order> = orders.into_iter().map(|order| (order.id, order)).collect();
    rows.into_iter()
        .map(|row| {
            let order = row.order_id.and_then(|order| orders.get(&order));
            RowView::of(row, order)
        })
        .collect()
}

/// The columns of the CSV.
const COLUMNS: [&str; 12] = [
    "number",
    "key",
    "status",
    "problem",
    "detail",
    "order_id",
    "link_id",
    "message_id",
    "order_number",
    "customer_name",
    "amount",
    "currency",
];

/// The results of a batch, or of its rows in one state, as CSV.
pub(super) fn results(db: Db, merchant: MerchantId, batch: BatchId, state: Option<RowState>) -> poem::Body {
    listing::csv(&COLUMNS, move |after: Option<i64>| {
        let db = db.clone();
        async move {
            let read = async {
                let rows = batch::page(db.pool(), batch, state, after.unwrap_or_default(), AT_A_TIME).await?;
                let last = rows.last().map(|row| row.number).filter(|_| rows.len() as u64 == AT_A_TIME);
                Ok((views(db.pool(), merchant, rows).await?.into_iter().map(cells).collect(), last))
            };
            read.await.map_err(|error: DbErr| std::io::Error::other(error))
        }
    })
}

fn cells(row: RowView) -> Vec<String> {
    vec![
        row.number.to_string(),
        row.key,
        row.status.0.to_string(),
        row.problem.unwrap_or_default(),
        row.detail.unwrap_or_default(),
        row.order_id.map(|order| order.0.to_string()).unwrap_or_default(),
        row.link_id.map(|link| link.0.to_string()).unwrap_or_default(),
        row.message_id.map(|message| message.0.to_string()).unwrap_or_default(),
        row.order_number.unwrap_or_default(),
        row.customer_name.unwrap_or_default(),
        row.amount.map(|amount| amount.to_string()).unwrap_or_default(),
        row.currency.map(|currency| currency.to_string()).unwrap_or_default(),
    ]
}
