//! An order as it is shown, and as it is printed.

use chrono::{DateTime, Utc};
use domain::{ConversationId, Money, money::MoneyError};
use entity::{
    Merchant, Order,
    logo::{Logo, PictureType},
    notice::Notice,
    order::{Details, OrderItem},
};
use poem_openapi::Object;
use sea_orm::DbErr;

use super::{link_view::LinkView, order_sum};
use crate::details_pdf::{self, DetailsPage, Paper};

/// An order.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Order", skip_serializing_if_is_none)]
pub(super) struct OrderView {
    id: String,
    /// The merchant's own number for it.
    number: String,
    customer: CustomerView,
    /// The total.
    amount: String,
    currency: String,
    items: Vec<ItemView>,
    shipping: Option<String>,
    discount: Option<String>,
    tax: Option<String>,
    /// `none`, `unpaid` or `paid`.
    tag: String,
    /// What should be known beside the tag: `refunded`, `partly_refunded`, `disputed`, `review`, `payment_failed`, `link_failed`,
    /// `not_delivered`, `delivery_unknown`, `unrecognised` or `unread`. Where orders are listed or seen.
    notices: Option<Vec<String>>,
    created_at: DateTime<Utc>,
    /// What of the input was understood in another way than it was written, in the answer to it: `phone_extension_left_out`.
    #[oai(skip_serializing_if_is_empty)]
    warnings: Vec<String>,
    /// Its payment links, newest first; only where a single order is asked for.
    links: Option<Vec<LinkView>>,
    /// The conversation with its buyer, if there is one; only where a single order is asked for.
    conversation_id: Option<String>,
}

/// The buyer; erased with the last link.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Customer")]
struct CustomerView {
    name: String,
    /// E.164.
    phone: Option<String>,
}

/// A line of an order.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Item")]
struct ItemView {
    description: String,
    quantity: u32,
    unit_amount: String,
}

impl OrderView {
    /// The order, with its links if they are given.
    pub(super) fn of(order: Order, links: Option<Vec<LinkView>>) -> Result<Self, DbErr> {
        let details = order.details()?;
        let amounts = Amounts(&order);
        Ok(Self {
            id: order.id.to_string(),
            amount: order.money()?.to_decimal_string(),
            currency: order.currency.as_str().to_owned(),
            items: details.items.iter().map(|item| amounts.item(item)).collect::<Result<_, _>>()?,
            shipping: details.shipping.map(|minor| amounts.decimal(minor)).transpose()?,
            discount: details.discount.map(|minor| amounts.decimal(minor)).transpose()?,
            tax: details.tax.map(|minor| amounts.decimal(minor)).transpose()?,
            tag: order.tag.to_string(),
            notices: None,
            created_at: order.created_at,
            links,
            conversation_id: None,
            warnings: Vec::new(),
            customer: CustomerView {
                name: order.customer_name.clone(),
                phone: order.customer_phone.as_ref().map(|phone| phone.as_e164().to_owned()),
            },
            number: order.number,
        })
    }
}

impl OrderView {
    /// The same with what was understood in another way than it was written.
    pub(super) fn with_warnings(self, warnings: Vec<String>) -> Self {
        Self { warnings, ..self }
    }

    /// The same with the conversation with its buyer.
    pub(super) fn within(self, conversation: Option<ConversationId>) -> Self {
        Self { conversation_id: conversation.map(|id| id.to_string()), ..self }
    }

    /// The same with what should be known of it.
    pub(super) fn with_notices(self, notices: &[Notice]) -> Self {
        Self { notices: Some(notices.iter().map(ToString::to_string).collect()), ..self }
    }
}

struct Amounts<'a>(&'a Order);

impl Amounts<'_> {
    fn money(&self, minor: i64) -> Result<Money, DbErr> {
        Money::from_minor(minor, self.0.currency).map_err(|error| DbErr::Type(error.to_string()))
    }

    fn decimal(&self, minor: i64) -> Result<String, DbErr> {
        self.money(minor).map(Money::to_decimal_string)
    }

    fn item(&self, item: &OrderItem) -> Result<ItemView, DbErr> {
        Ok(ItemView {
            description: item.description.clone(),
            quantity: item.quantity,
            unit_amount: self.decimal(item.unit_amount)?,
        })
    }

    fn line(&self, item: &OrderItem) -> Result<details_pdf::ItemLine, DbErr> {
        let unit = self.money(item.unit_amount)?;
        let total = unit.checked_mul(item.quantity).map_err(|error| DbErr::Type(error.to_string()))?;
        Ok(details_pdf::ItemLine {
            description: item.description.clone(),
            quantity: i64::from(item.quantity),
            unit_amount: unit.to_decimal_string(),
            total: total.to_decimal_string(),
        })
    }

    /// What the lines come to; without lines, what is left of the amount for them.
    fn subtotal(&self, details: &Details) -> Result<Option<Money>, DbErr> {
        let wrong = |error: MoneyError| DbErr::Type(error.to_string());
        if !details.items.is_empty() {
            return order_sum::lines(details, self.0.currency).map(Some).map_err(wrong);
        }
        let minor =
            self.0.amount - details.shipping.unwrap_or(0) - details.tax.unwrap_or(0) + details.discount.unwrap_or(0);
        let has_parts = details.shipping.is_some() || details.tax.is_some() || details.discount.is_some();
        Ok(Money::from_minor(minor, self.0.currency).ok().filter(|_| has_parts))
    }
}

/// What is asked for by a link.
pub(super) struct Request<'a> {
    /// The number of the invoice.
    pub(super) number: &'a str,
    /// What is to be paid.
    pub(super) money: Money,
    /// Until when.
    pub(super) due: DateTime<Utc>,
    /// Since when.
    pub(super) now: DateTime<Utc>,
}

/// What is printed on the order's details page: the invoice of a link, or without one what a link for the whole order would be.
pub(super) fn details_page(
    order: &Order,
    merchant: &Merchant,
    logo: Option<Logo>,
    request: Option<&Request<'_>>,
) -> Result<DetailsPage, DbErr> {
    let details = order.details()?;
    let amounts = Amounts(order);
    let whole = order.money()?;
    let money = request.map_or(whole, |request| request.money);
    let number = request.map_or(order.number.as_str(), |request| request.number);
    let is_same_currency = money.currency() == whole.currency();
    let subtotal = amounts.subtotal(&details)?;
    Ok(DetailsPage {
        merchant: seller(merchant, logo),
        customer_name: order.customer_name.clone(),
        customer_phone_masked: order.customer_phone.as_ref().map(domain::PhoneNumber::masked),
        invoice_number: number.to_owned(),
        order_number: Some(order.number.clone()).filter(|order| order != number),
        issued_on: merchant.day_of(request.map_or(order.created_at, |request| request.now)),
        due_on: request.map(|request| merchant.day_of(request.due)),
        items: details.items.iter().map(|item| amounts.line(item)).collect::<Result<_, _>>()?,
        adjustment: is_same_currency.then(|| adjustment(&details, subtotal, whole, money)).flatten(),
        // What was agreed on in another currency is the last of the sums.
        subtotal: subtotal.or_else(|| (!is_same_currency).then_some(whole)).map(Money::to_decimal_string),
        shipping: details.shipping.map(|minor| amounts.decimal(minor)).transpose()?,
        discount: details.discount.map(|minor| amounts.decimal(minor)).transpose()?,
        tax: details.tax.map(|minor| amounts.decimal(minor)).transpose()?,
        total: money.to_decimal_string(),
        currency: money.currency().code().to_owned(),
        order_currency: (!is_same_currency).then(|| whole.currency().code().to_owned()),
        paper: Paper::usual_in(merchant.region.as_str()),
    })
}

fn seller(merchant: &Merchant, logo: Option<Logo>) -> details_pdf::Merchant {
    let side = |pixels: i64| u32::try_from(pixels).unwrap_or_default();
    details_pdf::Merchant {
        name: merchant.name.clone(),
        address: merchant.address.clone(),
        contact: merchant.contact.clone(),
        tax_number: merchant.tax_number.clone(),
        logo: logo.map(|logo| details_pdf::Logo {
            is_png: logo.content_type == PictureType::Png,
            width: side(logo.width),
            height: side(logo.height),
            content: logo.content.into(),
        }),
        colour: merchant.colour.map(domain::Colour::rgb),
    }
}

/// What lies between the sums and what is to be paid, as of an order from before sums had to make its amount, or of a link for a part.
fn adjustment(details: &Details, subtotal: Option<Money>, whole: Money, money: Money) -> Option<String> {
    let sum = match subtotal {
        Some(subtotal) => {
            subtotal.minor() + details.shipping.unwrap_or(0) + details.tax.unwrap_or(0) - details.discount.unwrap_or(0)
        }
        None => whole.minor(),
    };
    let difference = money.minor() - sum;
    let size = Money::from_minor(difference.abs(), money.currency()).ok()?.to_decimal_string();
    match difference.signum() {
        1 => Some(size),
        -1 => Some(format!("-{size}")),
        _ => None,
    }
}
