//! An order as it is shown, and as it is printed.

use chrono::{DateTime, Utc};
use domain::{ConversationId, Money, OrderId};
use entity::{
    Merchant, Order, audit,
    notice::Notice,
    order::{Details, OrderItem, Tag},
};
use poem_openapi::Object;
use sea_orm::DbErr;

use super::link_view::LinkView;
use crate::details_pdf::{self, DetailsPage};
use crate::http::typed::{Amount, CurrencyCode, E164, Language, Metadata, Text};

/// An order.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Order", skip_serializing_if_is_none)]
pub(super) struct OrderView {
    id: Text<OrderId>,
    /// The merchant's own number for it.
    number: String,
    customer: CustomerView,
    /// The total.
    amount: Amount,
    currency: CurrencyCode,
    items: Vec<ItemView>,
    shipping: Option<Amount>,
    discount: Option<Amount>,
    tag: Text<Tag>,
    /// What should be known beside the tag. Where orders are listed or seen.
    notices: Option<Vec<Text<Notice>>>,
    /// What your software keeps with it.
    metadata: Metadata,
    /// What your people keep with it.
    notes: Option<String>,
    created_at: DateTime<Utc>,
    /// Since when it is out of the lists.
    archived_at: Option<DateTime<Utc>>,
    /// Its payment links, newest first; only where a single order is asked for.
    links: Option<Vec<LinkView>>,
    /// The conversation with its buyer, if there is one; only where a single order is asked for.
    conversation_id: Option<Text<ConversationId>>,
    /// What was changed of it and by whom, newest first; only where a single order is asked for.
    history: Option<Vec<HistoryView>>,
}

/// Something that was done to an order.
#[derive(Debug, Clone, Object)]
#[oai(rename = "OrderHistoryEntry", skip_serializing_if_is_none)]
pub(super) struct HistoryView {
    at: DateTime<Utc>,
    /// What was done.
    event: String,
    /// By whom: the id of an API key.
    actor: String,
    /// What the key is called.
    actor_name: Option<String>,
    /// Which fields were changed.
    fields: Vec<String>,
}

impl HistoryView {
    /// An entry of the audit log that is about an order, and the name of whoever did it.
    pub(super) fn of(entry: audit::Model, actor_name: Option<String>) -> Self {
        let fields = entry.detail.iter().flat_map(|fields| fields.split(", ")).map(str::to_owned).collect();
        Self { at: entry.at, event: entry.action, actor: entry.actor, actor_name, fields }
    }
}

/// The buyer; erased with the last link.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Customer", skip_serializing_if_is_none)]
struct CustomerView {
    name: String,
    /// E.164.
    phone: Option<E164>,
    /// BCP 47.
    language: Option<Language>,
}

/// A line of an order.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Item")]
struct ItemView {
    description: String,
    quantity: u32,
    unit_amount: Amount,
}

impl OrderView {
    /// The order, with its links if they are given.
    pub(super) fn of(order: Order, links: Option<Vec<LinkView>>) -> Result<Self, DbErr> {
        let details = order.details()?;
        let amounts = Amounts(&order);
        Ok(Self {
            id: Text(order.id),
            amount: order.money()?.to_decimal_string().into(),
            currency: order.currency.as_str().into(),
            items: details.items.iter().map(|item| amounts.item(item)).collect::<Result<_, _>>()?,
            shipping: details.shipping.map(|minor| amounts.decimal(minor)).transpose()?.map(Amount::from),
            discount: details.discount.map(|minor| amounts.decimal(minor)).transpose()?.map(Amount::from),
            tag: Text(order.tag),
            metadata: Metadata(order.metadata()?),
            notices: None,
            created_at: order.created_at,
            archived_at: order.archived_at,
            history: None,
            links,
            conversation_id: None,
            customer: CustomerView {
                name: order.customer_name.clone(),
                phone: order.customer_phone.as_ref().map(|phone| phone.as_e164().into()),
                language: order.language.map(Language::from),
            },
            number: order.number,
            notes: order.notes,
        })
    }
}

impl OrderView {
    /// The same with the conversation with its buyer.
    pub(super) fn within(self, conversation: Option<ConversationId>) -> Self {
        Self { conversation_id: conversation.map(Text), ..self }
    }

    /// The same with what was done to it.
    pub(super) fn with_history(self, history: Vec<HistoryView>) -> Self {
        Self { history: Some(history), ..self }
    }

    /// The same with what should be known of it.
    pub(super) fn with_notices(self, notices: &[Notice]) -> Self {
        Self { notices: Some(notices.iter().copied().map(Text).collect()), ..self }
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
            unit_amount: self.decimal(item.unit_amount)?.into(),
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
