//! Orders, and the tag that says whether they are paid.

mod change;
mod forget;
mod insert;
mod list_query;
mod projections;
mod reading;
mod search;
mod tag;
mod tag_none;
mod tag_unpaid;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{QueryOrder, entity::prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    json_column::{read_json, stored_json},
    money_column::stored_money,
};
pub use change::{OrderChanges, archive, change, has_open_link};
pub(crate) use forget::forget_customer_if_all_purged;
pub use forget::{due_for_forgetting, forget_customers};
pub use insert::{Kept, LostOrder, NewOrder, insert, insert_lost, insert_unless_there};
pub use projections::{ExportedOrder, OrderName, exported, names};
pub(crate) use search::archived;
pub use search::{
    OrderSearch, by_number, counted, held, held_by_number, is_beyond, is_second_number, numbers_there, search,
};
pub use tag::Tag;
pub(crate) use tag::{refresh_tags, take_back_paid};
pub(crate) use tag_none::unasked;
pub(crate) use tag_unpaid::unpaid;
pub use tag_unpaid::{Overdue, overdue};
pub use volume::{count_bytes, forget_counts_before, sizes};

use domain::{Currency, MerchantId, Money, OrderId, PhoneNumber};

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
    /// The order's merchant.
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

/// The merchant's newest order with this number.
pub async fn find_by_number(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    number: &str,
) -> Result<Option<Order>, DbErr> {
    let of_number = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::Number.eq(number));
    of_number.order_by_desc(Column::Id).one(db).await
}

/// Details without any line, as JSON.
fn no_details() -> Result<String, DbErr> {
    stored_json(&Details::default())
}

/// The merchant's order.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: OrderId) -> Result<Option<Order>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The merchant's orders with these ids.
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
