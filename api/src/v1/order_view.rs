//! An order as it is shown, and as it is printed.

use chrono::{DateTime, Utc};
use domain::{ConversationId, Money};
use entity::{
    Merchant, Order,
    notice::Notice,
    order::{Details, OrderItem},
};
use poem_openapi::Object;
use sea_orm::DbErr;

use super::link_view::LinkView;
use crate::details_pdf::{self, DetailsPage};

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
    /// `none`, `unpaid` or `paid`.
    tag: String,
    /// What should be known beside the tag: `refunded`, `partly_refunded`, `disputed`, `review`, `payment_failed`, `link_failed`,
    /// `not_delivered`, `delivery_unknown`, `unrecognised` or `unread`. Where orders are listed or seen.
    notices: Option<Vec<String>>,
    created_at: DateTime<Utc>,
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
            tag: order.tag.to_string(),
            notices: None,
            created_at: order.created_at,
            links,
            conversation_id: None,
            customer: CustomerView {
                name: order.customer_name.clone(),
                phone: order.customer_phone.as_ref().map(|phone| phone.as_e164().to_owned()),
            },
            number: order.number,
        })
    }
}

impl OrderView {
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

    fn subtotal(&self, details: &Details) -> Option<String> {
        let zero = Money::zero(self.0.currency);
        let sum = details.items.iter().try_fold(zero, |sum, item| {
            sum.checked_add(self.money(item.unit_amount).ok()?.checked_mul(item.quantity).ok()?).ok()
        })?;
        (!details.items.is_empty()).then(|| sum.to_decimal_string())
    }
}

/// What is printed on the order's details page.
pub(super) fn details_page(order: &Order, merchant: &Merchant) -> Result<DetailsPage, DbErr> {
    let details = order.details()?;
    let amounts = Amounts(order);
    Ok(DetailsPage {
        merchant: details_pdf::Merchant { name: merchant.name.clone(), contact: merchant.contact.clone() },
        customer_name: order.customer_name.clone(),
        customer_phone_masked: order.customer_phone.as_ref().map(domain::PhoneNumber::masked),
        order_number: order.number.clone(),
        created_on: merchant.day_of(order.created_at),
        items: details.items.iter().map(|item| amounts.line(item)).collect::<Result<_, _>>()?,
        subtotal: amounts.subtotal(&details),
        shipping: details.shipping.map(|minor| amounts.decimal(minor)).transpose()?,
        discount: details.discount.map(|minor| amounts.decimal(minor)).transpose()?,
        total: order.money()?.to_decimal_string(),
        currency: order.currency.code().to_owned(),
    })
}
