//! What a new order must be, checked field by field.

use domain::{Currency, MerchantId, Money, PhoneNumber, phone::PhoneNote};
use entity::{
    Merchant,
    order::{Details, NewOrder, OrderItem},
};
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use super::order_sum;
use crate::{Problem, http::fields::Fields};

const MOST_ITEMS: usize = 500;
/// The most characters of all the lines' descriptions together: what the details page takes to be made grows with them.
const MOST_TEXT: usize = 50_000;

/// A new order.
#[derive(Debug, Deserialize, Object, Serialize)]
#[oai(rename = "NewOrder")]
pub(super) struct Input {
    /// Your own number for it.
    number: String,
    /// The buyer.
    customer: CustomerInput,
    /// The total, as a decimal text: `"129.50"`. Items, shipping, discount and tax make it; with items it may be left out.
    amount: Option<String>,
    /// ISO 4217: `eur`. Absent: the merchant's.
    currency: Option<String>,
    /// The lines.
    #[oai(default)]
    #[serde(default)]
    items: Vec<ItemInput>,
    /// What delivery costs.
    shipping: Option<String>,
    /// What is taken off.
    discount: Option<String>,
    /// The tax, where the items do not include it.
    tax: Option<String>,
}

/// The buyer of a new order.
#[derive(Debug, Deserialize, Object, Serialize)]
#[oai(rename = "NewCustomer")]
struct CustomerInput {
    /// The name.
    name: String,
    /// The phone number; without a country code it is read in the merchant's region.
    phone: String,
}

/// A line of a new order.
#[derive(Debug, Deserialize, Object, Serialize)]
#[oai(rename = "NewItem")]
struct ItemInput {
    /// What it is.
    description: String,
    /// How many.
    quantity: u32,
    /// What one costs.
    unit_amount: String,
}

impl Input {
    /// What was understood of it in another way than it was written.
    pub(super) fn warnings(&self, merchant: &Merchant) -> Vec<String> {
        let read = PhoneNumber::parse_noting(&self.customer.phone, merchant.region);
        let note = read.ok().and_then(|(_, note)| note);
        note.map(|PhoneNote::ExtensionLeftOut| "phone_extension_left_out".to_owned()).into_iter().collect()
    }

    /// The order, or everything that is wrong with it.
    pub(super) fn check(self, merchant: &Merchant) -> Result<NewOrder, Problem> {
        let mut fields = Fields::default();
        let number = fields.text("number", &self.number, 64);
        let customer_name = fields.text("customer.name", &self.customer.name, 120);
        let phone = PhoneNumber::parse(&self.customer.phone, merchant.region);
        let customer_phone = fields.take("customer.phone", phone);
        let currency = match (&self.currency, merchant.currency) {
            (Some(code), _) => fields.take("currency", Currency::parse(code)),
            (None, Some(default)) => Some(default),
            (None, None) => {
                fields.refuse("currency", "is missing, and the merchant has none to be used instead");
                None
            }
        };
        let amounts = currency.and_then(|currency| {
            Amounts { currency, fields: &mut fields }.check(&self).map(|(given, details)| (currency, given, details))
        });
        match (number, customer_name, customer_phone, amounts) {
            (Some(number), Some(customer_name), Some(customer_phone), Some((currency, given, details))) => {
                let money = order_sum::total(&details, currency, given)?;
                Ok(new_order(merchant.id, number, customer_name, customer_phone, money, details))
            }
            _ => Err(fields.into_problem()),
        }
    }
}

fn new_order(
    merchant_id: MerchantId,
    number: String,
    customer_name: String,
    customer_phone: PhoneNumber,
    money: Money,
    details: Details,
) -> NewOrder {
    NewOrder { merchant_id, number, customer_name, customer_phone, money, details }
}

/// Reads the amounts of an order, all of them in its currency.
struct Amounts<'a> {
    currency: Currency,
    fields: &'a mut Fields,
}

impl Amounts<'_> {
    /// The amount that was given, if any, and what it is to be made of.
    fn check(mut self, input: &Input) -> Option<(Option<Money>, Details)> {
        let total = match &input.amount {
            Some(text) => Some(self.amount("amount", text)),
            None => None,
        };
        if total.flatten().is_some_and(Money::is_zero) {
            self.fields.refuse("amount", "must be more than zero");
            return None;
        }
        let shipping = self.optional("shipping", input.shipping.as_deref())?;
        let discount = self.optional("discount", input.discount.as_deref())?;
        let tax = self.optional("tax", input.tax.as_deref())?;
        let items = self.items(&input.items)?;
        let given = match total {
            Some(read) => Some(read?),
            None => None,
        };
        Some((given, Details { items, shipping, discount, tax }))
    }

    fn amount(&mut self, field: &str, text: &str) -> Option<Money> {
        self.fields.take(field, Money::parse(text, self.currency))
    }

    /// `None` if it is wrong, `Some(None)` if there is none.
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    fn optional(&mut self, field: &str, text: Option<&str>) -> Option<Option<i64>> {
        let Some(text) = text else { return Some(None) };
        self.amount(field, text).map(|money| Some(money.minor()))
    }

    fn items(&mut self, items: &[ItemInput]) -> Option<Vec<OrderItem>> {
        if items.len() > MOST_ITEMS {
            self.fields.refuse("items", format!("must not be more than {MOST_ITEMS}"));
            return None;
        }
        if items.iter().map(|item| item.description.chars().count()).sum::<usize>() > MOST_TEXT {
            self.fields
                .refuse("items", format!("must not have descriptions of more than {MOST_TEXT} characters together"));
            return None;
        }
        let read: Vec<Option<OrderItem>> =
            items.iter().enumerate().map(|(index, item)| self.item(index, item)).collect();
        read.into_iter().collect()
    }

    fn item(&mut self, index: usize, item: &ItemInput) -> Option<OrderItem> {
        let field = |name: &str| format!("items[{index}].{name}");
        let description = self.fields.text(&field("description"), &item.description, 500);
        let unit = self.amount(&field("unit_amount"), &item.unit_amount)?;
        if item.quantity == 0 {
            self.fields.refuse(&field("quantity"), "must be at least 1");
            return None;
        }
        self.fields.take(&field("unit_amount"), unit.checked_mul(item.quantity))?;
        Some(OrderItem { description: description?, quantity: item.quantity, unit_amount: unit.minor() })
    }
}
