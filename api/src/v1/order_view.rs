//! An order as shown to API callers.

use chrono::{DateTime, Utc};
use domain::{ConversationId, OrderId};
use entity::{
    Conversation, Order, audit,
    notice::Notice,
    order::{OrderItem, Tag},
};
use poem_openapi::Object;
use sea_orm::DbErr;

use super::{details_page::PrintedAmounts, link_view::LinkView};
use crate::http::typed::{Amount, CalendarDay, CurrencyCode, E164, Language, Metadata, Text};

/// An order.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Order", skip_serializing_if_is_none)]
pub(super) struct OrderView {
    id: Text<OrderId>,
    /// The merchant's order number.
    number: String,
    customer: CustomerView,
    /// The total.
    amount: Amount,
    currency: CurrencyCode,
    items: Vec<ItemView>,
    shipping: Option<Amount>,
    discount: Option<Amount>,
    tax: Option<Amount>,
    /// The date of the invoice, if it has one of its own.
    invoice_date: Option<CalendarDay>,
    /// The day by which the invoice is to be paid.
    due_date: Option<CalendarDay>,
    tag: Text<Tag>,
    /// Notices in addition to the tag; where orders are listed or read.
    notices: Option<Vec<Text<Notice>>>,
    /// Metadata of your software.
    metadata: Metadata,
    /// Notes for your staff.
    notes: Option<String>,
    created_at: DateTime<Utc>,
    /// When it was archived.
    archived_at: Option<DateTime<Utc>>,
    /// Warnings: `phone_extension_left_out`, in the answer to the input; `phone_landline`, which may not get texts, also
    /// where a single order is read.
    warnings: Option<Vec<String>>,
    /// The payment links, newest first; only when a single order is read.
    links: Option<Vec<LinkView>>,
    /// The conversation with the buyer, if there is one; only when a single order is read.
    conversation_id: Option<Text<ConversationId>>,
    /// Whether the buyer wants no texts, so that none can be sent; only when a single order is read.
    opted_out: Option<bool>,
    /// The changes and who made them, newest first; only when a single order is read.
    history: Option<Vec<HistoryView>>,
}

/// An entry in an order's history.
#[derive(Debug, Clone, Object)]
#[oai(rename = "OrderHistoryEntry", skip_serializing_if_is_none)]
pub(super) struct HistoryView {
    at: DateTime<Utc>,
    /// What was done.
    event: String,
    /// The actor: the id of an API key.
    actor: String,
    /// The name of the key.
    actor_name: Option<String>,
    /// The changed fields.
    fields: Vec<String>,
}

impl HistoryView {
    /// An audit entry about an order, and the name of its actor.
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

/// An item of an order.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Item")]
struct ItemView {
    description: String,
    quantity: u32,
    unit_amount: Amount,
}

impl ItemView {
    fn of(item: &OrderItem, amounts: &PrintedAmounts<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            description: item.description.clone(),
            quantity: item.quantity,
            unit_amount: amounts.decimal(item.unit_amount)?.into(),
        })
    }
}

impl OrderView {
    /// The order, with its links if given.
    pub(super) fn of(order: Order, links: Option<Vec<LinkView>>) -> Result<Self, DbErr> {
        let details = order.details()?;
        let amounts = PrintedAmounts(&order);
        Ok(Self {
            id: Text(order.id),
            amount: order.money()?.to_decimal_string().into(),
            currency: order.currency.as_str().into(),
            items: details.items.iter().map(|item| ItemView::of(item, &amounts)).collect::<Result<_, _>>()?,
            shipping: details.shipping.map(|minor| amounts.decimal(minor)).transpose()?.map(Amount::from),
            discount: details.discount.map(|minor| amounts.decimal(minor)).transpose()?.map(Amount::from),
            tax: details.tax.map(|minor| amounts.decimal(minor)).transpose()?.map(Amount::from),
            invoice_date: order.invoice_date.as_deref().map(CalendarDay::from),
            due_date: order.due_date.as_deref().map(CalendarDay::from),
            tag: Text(order.tag),
            metadata: Metadata(order.metadata()?),
            notices: None,
            created_at: order.created_at,
            archived_at: order.archived_at,
            history: None,
            links,
            conversation_id: None,
            opted_out: None,
            warnings: None,
            customer: CustomerView {
                name: order.customer_name.clone(),
                phone: order.customer_phone.as_ref().map(|phone| phone.as_e164().into()),
                language: order.language.map(Language::from),
            },
            number: order.number,
            notes: order.notes,
        })
    }

    /// Adds warnings, each once: what was sent may be warned of as what is there is.
    pub(super) fn with_warnings(self, warnings: Vec<String>) -> Self {
        let mut all = self.warnings.unwrap_or_default();
        for warning in warnings {
            if !all.contains(&warning) {
                all.push(warning);
            }
        }
        Self { warnings: Some(all).filter(|all| !all.is_empty()), ..self }
    }

    /// Adds the conversation with the buyer, and whether they want no texts.
    pub(super) fn within(self, conversation: Option<&Conversation>) -> Self {
        let opted_out = conversation.is_some_and(|conversation| conversation.opted_out_at.is_some());
        let id = conversation.map(|conversation| Text(conversation.id));
        Self { conversation_id: id, opted_out: Some(opted_out), ..self }
    }

    /// Adds the history.
    pub(super) fn with_history(self, history: Vec<HistoryView>) -> Self {
        Self { history: Some(history), ..self }
    }

    /// Adds the notices.
    pub(super) fn with_notices(self, notices: &[Notice]) -> Self {
        Self { notices: Some(notices.iter().copied().map(Text).collect()), ..self }
    }
}
