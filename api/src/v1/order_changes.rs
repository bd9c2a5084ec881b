//! Corrections to an order: single fields, or the whole order by its number.

use chrono::{DateTime, Utc};
use domain::PhoneNumber;
use entity::{
    Merchant, Order, Transaction,
    order::{self, NewOrder, OrderChanges},
    stored_json,
};
use poem_openapi::Object;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::order_input::{CustomerInput, Input, ItemInput, Terms, noted, number};
use crate::{
    Problem,
    http::{
        fields::Fields,
        typed::{Amount, Clearable, CurrencyCode, Language, Line, Metadata, PhoneText, Prose},
    },
};

/// What is to change of an order. What is absent stays; `null` takes away what may be absent.
///
/// What was asked of the buyer (`number`, `items` and the amounts) can only be changed while no payment link is open.
#[derive(Debug, Default, Deserialize, Object)]
#[oai(rename = "OrderChanges")]
pub(super) struct ChangesInput {
    number: Option<Line<64>>,
    customer: Option<CustomerChanges>,
    amount: Option<Amount>,
    currency: Option<CurrencyCode>,
    /// All the lines.
    #[oai(validator(max_items = 500))]
    items: Option<Vec<ItemInput>>,
    #[serde(default)]
    shipping: Clearable<Amount>,
    #[serde(default)]
    discount: Clearable<Amount>,
    #[serde(default)]
    tax: Clearable<Amount>,
    /// All of it.
    metadata: Option<Metadata>,
    #[serde(default)]
    notes: Clearable<Prose<2000>>,
}

/// What is to change of the buyer.
#[derive(Debug, Default, Deserialize, Object)]
#[oai(rename = "CustomerChanges")]
struct CustomerChanges {
    name: Option<Line<120>>,
    /// Later texts go to it; the conversation with the old one stays.
    phone: Option<PhoneText>,
    #[serde(default)]
    language: Clearable<Language>,
}

/// An order, as it is to be from now on. Its number is in the path.
#[derive(Clone, Debug, Deserialize, Object, Serialize)]
#[oai(rename = "OrderByNumber")]
pub(super) struct WholeInput {
    /// The buyer.
    customer: CustomerInput,
    /// The total, as a decimal text: `"129.50"`. Items, shipping, discount and tax make it; with items it may be left
    /// out.
    amount: Option<Amount>,
    /// ISO 4217: `eur`. Absent: the merchant's.
    currency: Option<CurrencyCode>,
    /// The lines.
    #[oai(default, validator(max_items = 500))]
    #[serde(default)]
    items: Vec<ItemInput>,
    /// What delivery costs.
    shipping: Option<Amount>,
    /// What is taken off.
    discount: Option<Amount>,
    /// The tax, where the items do not include it.
    tax: Option<Amount>,
    /// What your software is to keep with it.
    #[oai(default)]
    #[serde(default)]
    metadata: Metadata,
    /// What your people are to keep with it. No buyer sees it.
    notes: Option<Prose<2000>>,
}

impl WholeInput {
    /// The same, with its number.
    pub(super) fn numbered(self, number: &str) -> Input {
        Input {
            number: number.into(),
            customer: self.customer,
            amount: self.amount,
            currency: self.currency,
            items: self.items,
            shipping: self.shipping,
            discount: self.discount,
            tax: self.tax,
            metadata: self.metadata,
            notes: self.notes,
        }
    }
}

/// The changes that make an order that is there into this one.
pub(super) fn to_become(new: NewOrder) -> Result<OrderChanges, DbErr> {
    Ok(OrderChanges {
        number: None,
        customer_name: Some(new.customer_name),
        customer_phone: Some(new.customer_phone),
        language: Some(new.kept.language),
        terms: Some((new.money, new.details)),
        metadata: Some(stored_json(&new.kept.metadata)?),
        notes: Some(new.kept.notes),
    })
}

impl ChangesInput {
    /// The changes to this order, or everything that is wrong with them.
    pub(super) fn check(self, order: &Order, owner: &Merchant) -> Result<OrderChanges, Problem> {
        let mut fields = Fields::default();
        let is_of_terms = self.amount.is_some()
            || self.currency.is_some()
            || self.items.is_some()
            || !self.shipping.0.is_undefined()
            || !self.discount.0.is_undefined()
            || !self.tax.0.is_undefined();
        let terms = if is_of_terms { self.overlaid(order)?.terms(owner, &mut fields) } else { None };
        let customer = self.customer.unwrap_or_default();
        let phone = customer.phone.map(|phone| PhoneNumber::parse(&phone, owner.region));
        let metadata = self.metadata.and_then(|metadata| metadata.check("metadata", &mut fields));
        let changes = OrderChanges {
            number: self.number.and_then(|sent| number(&sent, &mut fields)),
            customer_name: customer.name.map(|name| name.trimmed()),
            customer_phone: phone.and_then(|phone| fields.take("customer.phone", phone)),
            language: customer.language.wanted().map(|language| language.map(|language| language.to_string())),
            terms: None,
            metadata: metadata.as_ref().map(stored_json).transpose()?,
            notes: self.notes.wanted().map(|notes| notes.and_then(|notes| noted(&notes))),
        };
        fields.none_wrong()?;
        Ok(OrderChanges { terms: terms.map(Terms::total).transpose()?, ..changes })
    }

    /// The order as it would be sent now, with what is to change of what it costs. An amount that is left out is
    /// computed anew where lines make it.
    fn overlaid(&self, order: &Order) -> Result<Input, DbErr> {
        let now = Input::of(order)?;
        let items = self.items.clone().unwrap_or(now.items);
        Ok(Input {
            amount: self.amount.clone().or(if items.is_empty() { now.amount } else { None }),
            currency: self.currency.clone().or(now.currency),
            items,
            shipping: self.shipping.clone().wanted().unwrap_or(now.shipping),
            discount: self.discount.clone().wanted().unwrap_or(now.discount),
            tax: self.tax.clone().wanted().unwrap_or(now.tax),
            ..now
        })
    }
}

/// Writes changes to an order that the transaction holds, and says what they were; nothing if there were none.
pub(super) async fn write(
    tx: &Transaction,
    order: Order,
    changes: OrderChanges,
    now: DateTime<Utc>,
) -> Result<(Order, Vec<&'static str>), Problem> {
    if order.customer_phone.is_none() {
        return Err(Problem::conflict("purged", "The order was erased after 90 days."));
    }
    let changes = changes.without_what_is_so(&order)?;
    if changes.is_of_terms() && order::has_open_link(tx, &order).await? {
        return Err(link_open());
    }
    if let Some(number) = &changes.number {
        refuse_second(tx, &order, number).await?;
    }
    let fields = changes.fields();
    if fields.is_empty() {
        return Ok((order, fields));
    }
    let changed = order::change(tx, &order, changes, now).await.map_err(not_written)?;
    Ok((changed, fields))
}

/// Refuses a number that another order has.
pub(super) async fn refuse_second(tx: &Transaction, order: &Order, number: &str) -> Result<(), Problem> {
    match order::by_number(tx, order.merchant_id, number).await? {
        Some(other) if other.id != order.id => Err(Problem::second_order(Some(other.id))),
        Some(_) | None => Ok(()),
    }
}

/// Why an order was not written: another one has taken its number just now, or the database has its reasons.
pub(super) fn not_written(error: DbErr) -> Problem {
    if order::is_second_number(&error) { Problem::second_order(None) } else { error.into() }
}

/// What is asked of the buyer now cannot be changed.
pub(super) fn link_open() -> Problem {
    Problem::conflict("link_open", "The order has an open payment link. Void it first.")
}
