//! An order's details page, which serves as the invoice of a link without one: what it says, and how it is drawn.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{Money, link::lifetime, money::MoneyError};
use entity::{
    Db, Merchant, Order,
    logo::{self, Logo, PictureType},
    order::{Details, OrderItem},
};
use sea_orm::DbErr;

use super::order_sum;
use crate::{
    Problem,
    buyer::Words,
    details_pdf::{self, DetailsPage, DetailsPdfError, Paper},
};

/// The request of a link.
pub(super) struct LinkRequest<'a> {
    /// The invoice number.
    pub(super) number: &'a str,
    /// The amount to pay.
    pub(super) money: Money,
    /// When the link expires.
    pub(super) due: DateTime<Utc>,
    /// The current time.
    pub(super) now: DateTime<Utc>,
}

/// The details page of an order as the invoice of a link for the whole order.
///
/// # Errors
/// Returns an error if it cannot be rendered, or if the database query fails.
pub async fn details_page_of(
    db: &Db,
    order: &Order,
    owner: &Merchant,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Bytes, Problem> {
    let logo = logo::find(db.pool(), owner.id).await?;
    let request = LinkRequest { number: &order.number, money: order.money()?, due, now };
    render_details(order, owner, logo, Some(&request)).await.map(|(page, _)| page)
}

/// Renders the details page that serves as the invoice. Also returns how long it took.
pub(super) async fn render_details(
    order: &Order,
    owner: &Merchant,
    logo: Option<Logo>,
    request: Option<&LinkRequest<'_>>,
) -> Result<(Bytes, Duration), Problem> {
    draw(details_page(order, owner, logo, request)?).await
}

/// Renders a page as a PDF. Also returns how long it took.
pub(super) async fn draw(page: DetailsPage) -> Result<(Bytes, Duration), Problem> {
    let rendering = tokio::task::spawn_blocking(move || {
        let since = Instant::now();
        (details_pdf::render(&page), since.elapsed())
    });
    let (rendered, busy) = rendering.await.map_err(Problem::internal)?;
    let page = rendered.map_err(|error| match error {
        DetailsPdfError::Undrawable(_) => {
            let detail = format!("The invoice cannot be drawn: {error}. Upload it as a PDF, or write it otherwise.");
            Problem::cannot_be_drawn(detail)
        }
        DetailsPdfError::Font(_) | DetailsPdfError::Write(_) => Problem::internal(error),
    })?;
    Ok((Bytes::from(page), busy))
}

/// The order's details page: the invoice of a link, or without one the invoice of a link for the whole order.
fn details_page(
    order: &Order,
    merchant: &Merchant,
    logo: Option<Logo>,
    request: Option<&LinkRequest<'_>>,
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
        payable_until: request.map(|request| lifetime::last_day(&merchant.zone(), request.now, request.due)),
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

/// The amounts of an order as they are shown and printed.
pub(super) struct PrintedAmounts<'a>(pub(super) &'a Order);

impl PrintedAmounts<'_> {
    fn money(&self, minor: i64) -> Result<Money, DbErr> {
        Money::from_minor(minor, self.0.currency).map_err(|error| DbErr::Type(error.to_string()))
    }

    /// An amount in the order's currency.
    pub(super) fn decimal(&self, minor: i64) -> Result<String, DbErr> {
        self.money(minor).map(Money::to_decimal_string)
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
