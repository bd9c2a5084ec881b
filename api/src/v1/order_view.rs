//! An order as shown to API callers and as printed.

use chrono::{DateTime, Utc};
use domain::{ConversationId, Money, OrderId, money::MoneyError};
use entity::{
    Merchant, Order, audit,
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
    http::typed::{Amount, CurrencyCode, E164, Language, Metadata, Text},
};

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
    tax: Option<Amount>,
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
    /// What of the input was understood in another way than it was written, in the answer to it:
    /// `phone_extension_left_out`.
    warnings: Option<Vec<String>>,
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
            tax: details.tax.map(|minor| amounts.decimal(minor)).transpose()?.map(Amount::from),
            tag: Text(order.tag),
            metadata: Metadata(order.metadata()?),
            notices: None,
            created_at: order.created_at,
            archived_at: order.archived_at,
            history: None,
            links,
            conversation_id: None,
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
    /// The same with what was understood in another way than it was written.
    pub(super) fn with_warnings(self, warnings: Vec<String>) -> Self {
        Self { warnings: Some(warnings).filter(|warnings| !warnings.is_empty()), ..self }
    }

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

/// What is printed on the order's details page: the invoice of a link, or without one what a link for the whole order
/// would be.
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
        invoice_number: number.to_owned(),
        order_number: Some(order.number.clone()).filter(|order| order != number),
        issued_on: merchant.day_of(request.map_or(order.created_at, |request| request.now)),
        due_on: request.map(|request| merchant.last_day(request.now, request.due)),
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
        words: words_for(order, merchant),
        receipt: None,
        evidence: None,
    })
}

/// The words of a document for the buyer: in their language, or else in the merchant's.
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

/// What lies between the sums and what is to be paid, as of an order from before sums had to make its amount, or of a
/// link for a part.
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
