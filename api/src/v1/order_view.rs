//! An order as shown to API callers and as printed.

use chrono::{DateTime, Utc};
use domain::{ConversationId, Money, OrderId, money::MoneyError};
use entity::{
    Conversation, Merchant, Order, audit,
    logo::{Logo, PictureType},
    notice::Notice,
    order::{Details, OrderItem, Tag},
};
use poem_openapi::Object;
use sea_orm::DbErr;

use super::{link_view::LinkView, order_sum};
use crate::{
    buyer::Words,
    details_pdf::{self, DetailsPage, Paper},
    http::typed::{Amount, CalendarDay, CurrencyCode, E164, Language, Metadata, Text},
};

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

impl OrderView {
    /// The order, with its links if given.
    pub(super) fn of(order: Order, links: Option<Vec<LinkView>>) -> Result<Self, DbErr> {
        let details = order.details()?;
        let amounts = PrintedAmounts(&order);
        Ok(Self {
            id: Text(order.id),
            amount: order.money()?.to_decimal_string().into(),
            currency: order.currency.as_str().into(),
            items: details.items.iter().map(|item| amounts.item(item)).collect::<Result<_, _>>()?,
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
}

impl OrderView {
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

struct PrintedAmounts<'a>(&'a Order);

impl PrintedAmounts<'_> {
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

    /// The sum of the items; without items, what remains of the total.
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

/// The request of a link.
pub(super) struct Request<'a> {
    /// The invoice number.
    pub(super) number: &'a str,
    /// The amount to pay.
    pub(super) money: Money,
    /// When the link expires.
    pub(super) due: DateTime<Utc>,
    /// The current time.
    pub(super) now: DateTime<Utc>,
}

/// The order's details page: the invoice of a link, or without one the invoice of a link for the whole order.
pub(super) fn details_page(
    order: &Order,
    merchant: &Merchant,
    logo: Option<Logo>,
    request: Option<&Request<'_>>,
) -> Result<DetailsPage, DbErr> {
    let details = order.details()?;
    let amounts = PrintedAmounts(order);
    let whole = order.money()?;
    let money = request.map_or(whole, |request| request.money);
    let number = request.map_or(order.number.as_str(), |request| request.number);
    let dates = order.dates();
    let is_same_currency = money.currency() == whole.currency();
    let subtotal = amounts.subtotal(&details)?;
    Ok(DetailsPage {
        merchant: seller(merchant, logo),
        customer_name: order.customer_name.clone(),
        invoice_number: number.to_owned(),
        order_number: Some(order.number.clone()).filter(|order| order != number),
        issued_on: dates
            .invoice
            .unwrap_or_else(|| merchant.day_of(request.map_or(order.created_at, |request| request.now))),
        due_on: dates.due,
        payable_until: request.map(|request| merchant.last_day(request.now, request.due)),
        items: details.items.iter().map(|item| amounts.line(item)).collect::<Result<_, _>>()?,
        adjustment: is_same_currency.then(|| adjustment(&details, subtotal, whole, money)).flatten(),
        // If the link has another currency, the order's total closes the sums.
        subtotal: subtotal.or_else(|| (!is_same_currency).then_some(whole)).map(Money::to_decimal_string),
        shipping: details.shipping.map(|minor| amounts.decimal(minor)).transpose()?,
        discount: details.discount.map(|minor| amounts.decimal(minor)).transpose()?,
        tax: details.tax.map(|minor| amounts.decimal(minor)).transpose()?,
        total: money.to_decimal_string(),
        currency: money.currency().code().to_owned(),
        order_currency: (!is_same_currency).then(|| whole.currency().code().to_owned()),
        paper: Paper::usual_in(merchant.region.as_str()),
        words: words_for(order, merchant),
        receipt: None,
        evidence: None,
    })
}

/// The texts of a document, in the buyer's or else the merchant's language.
pub(super) fn words_for(order: &Order, merchant: &Merchant) -> &'static Words {
    Words::in_language_of([order.language.as_deref(), merchant.language.as_deref()])
}

pub(super) fn seller(merchant: &Merchant, logo: Option<Logo>) -> details_pdf::Merchant {
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

/// The difference between the sums and the amount to pay, for orders from before sums had to match, and for partial
/// links.
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
