//! Corrections to an order: single fields, or the whole order by its number.

use chrono::{DateTime, Utc};
use domain::{PhoneNumber, limits::LONGEST_NUMBER};
use entity::{
    Merchant, Order, Transaction,
    order::{self, Dates, NewOrder, OrderChanges},
    stored_json,
};
use poem_openapi::Object;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::order_input::{CustomerInput, Input, ItemInput, OrderTerms, in_order, noted, number, phone_warnings};
use crate::{
    Problem,
    http::{
        fields::Fields,
        typed::{Amount, CalendarDay, Clearable, CurrencyCode, Language, Line, Metadata, PhoneText, Prose},
    },
};

/// Changes to an order. Absent fields stay as they are; `null` removes a value.
///
/// What a payment link asks for (`number`, `items`, the amounts and the dates) can only be changed while none is open.
#[derive(Debug, Default, Deserialize, Object)]
#[oai(rename = "OrderChanges")]
pub(super) struct OrderChangesInput {
    number: Option<Line<LONGEST_NUMBER>>,
    customer: Option<CustomerChanges>,
    amount: Option<Amount>,
    currency: Option<CurrencyCode>,
    /// All items.
    #[oai(validator(max_items = 500))]
    items: Option<Vec<ItemInput>>,
    #[serde(default)]
    shipping: Clearable<Amount>,
    #[serde(default)]
    discount: Clearable<Amount>,
    #[serde(default)]
    tax: Clearable<Amount>,
    #[serde(default)]
    invoice_date: Clearable<CalendarDay>,
    #[serde(default)]
    due_date: Clearable<CalendarDay>,
    /// All entries.
    metadata: Option<Metadata>,
    #[serde(default)]
    notes: Clearable<Prose<2000>>,
}

/// Changes to the buyer.
#[derive(Debug, Default, Deserialize, Object)]
#[oai(rename = "CustomerChanges")]
struct CustomerChanges {
    name: Option<Line<120>>,
    /// Later texts are sent to it; the conversation with the old number stays.
    phone: Option<PhoneText>,
    #[serde(default)]
    language: Clearable<Language>,
}

/// The complete order. Its number is in the path.
#[derive(Clone, Debug, Deserialize, Object, Serialize)]
#[oai(rename = "OrderByNumber")]
pub(super) struct WholeInput {
    /// The buyer.
    customer: CustomerInput,
    /// The total as a decimal string: `"129.50"`. It must equal the sum of items, shipping, discount and tax; with
    /// items it may be left out.
    amount: Option<Amount>,
    /// ISO 4217, such as `eur`. Absent: the merchant's currency.
    currency: Option<CurrencyCode>,
    /// The items.
    #[oai(default, validator(max_items = 500))]
    #[serde(default)]
    items: Vec<ItemInput>,
    /// The cost of shipping.
    shipping: Option<Amount>,
    /// The discount.
    discount: Option<Amount>,
    /// The tax, unless it is included in the items.
    tax: Option<Amount>,
    /// The date of your invoice. Absent: the day on which the payment link is created.
    invoice_date: Option<CalendarDay>,
    /// The day by which the invoice is to be paid.
    due_date: Option<CalendarDay>,
    /// Data for your software.
    #[oai(default)]
    #[serde(default)]
    metadata: Metadata,
    /// Notes for your staff. Buyers never see them.
    notes: Option<Prose<2000>>,
}

impl WholeInput {
    /// The input of an order with this number.
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
            invoice_date: self.invoice_date,
            due_date: self.due_date,
            metadata: self.metadata,
            notes: self.notes,
        }
    }
}

/// The changes that turn an existing order into this one.
pub(super) fn to_become(new: NewOrder) -> Result<OrderChanges, DbErr> {
    Ok(OrderChanges {
        number: None,
        customer_name: Some(new.customer_name),
        customer_phone: Some(new.customer_phone),
        language: Some(new.kept.language),
        terms: Some((new.money, new.details)),
        invoice_date: Some(new.dates.invoice),
        due_date: Some(new.dates.due),
        metadata: Some(stored_json(&new.kept.metadata)?),
        notes: Some(new.kept.notes),
    })
}

impl OrderChangesInput {
    /// Warnings about the buyer's number, if there is a new one.
    pub(super) fn warnings(&self, owner: &Merchant) -> Vec<String> {
        let phone = self.customer.as_ref().and_then(|customer| customer.phone.as_deref());
        phone.map(|phone| phone_warnings(phone, owner)).unwrap_or_default()
    }

    /// The changes to this order, or all errors.
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
        let [invoice_date, due_date] = [("invoice_date", self.invoice_date), ("due_date", self.due_date)]
            .map(|(field, sent)| sent.wanted().map(|day| day.and_then(|day| fields.take(field, day.value()))));
        let before = order.dates();
        let dates = Dates { invoice: invoice_date.unwrap_or(before.invoice), due: due_date.unwrap_or(before.due) };
        in_order(dates, &mut fields);
        let changes = OrderChanges {
            number: self.number.and_then(|sent| number(&sent, &mut fields)),
            customer_name: customer.name.map(|name| name.trimmed()),
            customer_phone: phone.and_then(|phone| fields.take("customer.phone", phone)),
            language: customer.language.wanted().map(|language| language.map(|language| language.to_string())),
            terms: None,
            invoice_date,
            due_date,
            metadata: metadata.as_ref().map(stored_json).transpose()?,
            notes: self.notes.wanted().map(|notes| notes.and_then(|notes| noted(&notes))),
        };
        fields.none_wrong()?;
        Ok(OrderChanges { terms: terms.map(OrderTerms::total).transpose()?, ..changes })
    }

    /// The order's input with the changes to its amounts. An absent total is recomputed if there are items.
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

/// Writes changes to an order that the transaction has locked. Returns what changed, if anything.
pub(super) async fn write(
    tx: &Transaction,
    order: Order,
    changes: OrderChanges,
    now: DateTime<Utc>,
) -> Result<(Order, Vec<&'static str>), Problem> {
    if order.customer_phone.is_none() {
        return Err(Problem::conflict("purged", "The order was erased."));
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

/// Refuses the number of another order.
pub(super) async fn refuse_second(tx: &Transaction, order: &Order, number: &str) -> Result<(), Problem> {
    match order::by_number(tx, order.merchant_id, number).await? {
        Some(other) if other.id != order.id => Err(Problem::second_order(Some(other.id))),
        Some(_) | None => Ok(()),
    }
}

/// Why an order was not written: another order has just taken its number, or the query failed.
pub(super) fn not_written(error: DbErr) -> Problem {
    if order::is_second_number(&error) { Problem::second_order(None) } else { error.into() }
}

/// The fields of the request cannot be changed now.
pub(super) fn link_open() -> Problem {
    Problem::conflict("link_open", "The order has an open payment link. Void it first.")
}
