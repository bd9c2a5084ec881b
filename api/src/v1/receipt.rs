//! The receipt of a paid link, as a PDF fit for bookkeeping. It states refunds and disputes.

use bytes::Bytes;
use domain::{LinkId, LinkState, Money, link::ElsewhereMethod};
use entity::{
    Merchant, Order, link,
    logo::{self, Logo},
    order,
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{OpenApi, param::Path};

use super::{
    Group,
    details_page::{draw, seller, words_for},
    link_answers::find_link,
};
use crate::{
    Api, Problem,
    auth::Reader,
    buyer::{AfterPayment, PaidMoney, Words},
    details_pdf::{self, DetailsPage, ItemLine, Paper},
    http::{pdf_response::Pdf, typed::TextOf},
};

pub(super) struct ReceiptCalls;

#[OpenApi(tag = "Group::PaymentLinks")]
impl ReceiptCalls {
    /// The receipt
    ///
    /// The same PDF that the buyer can download. 409 `link_not_paid` if the link is not paid, or was paid in another
    /// amount. Erased after 90 days: 410 `purged`.
    #[oai(path = "/payment-links/:id/receipt.pdf", method = "get")]
    async fn receipt(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<Pdf, Problem> {
        let pool = api.db.pool();
        let link = find_link(pool, &key.0, &link_id).await?;
        if link.purged_at.is_some() {
            return Err(Problem::new(StatusCode::GONE, "purged", "The receipt was erased."));
        }
        let order = order::find(pool, link.merchant_id, link.order_id).await?.ok_or_else(Problem::not_found)?;
        let owner = key.0.owner(&api).await?;
        let logo = logo::find(pool, link.merchant_id).await?;
        let after = AfterPayment::of(pool, &link).await?;
        let pdf = render_receipt(ReceiptSubject { link: &link, order: &order, owner: &owner, after }, logo).await?;
        let pdf = pdf.ok_or_else(|| Problem::conflict("link_not_paid", "There is a receipt once the link is paid."))?;
        Ok(Pdf::inline(pdf, &format!("receipt-{}", link.invoice_number.as_deref().unwrap_or_default())))
    }
}

/// Whether the link has a receipt: it is paid in the requested amount and not erased.
pub(crate) fn has_receipt(link: &link::Model) -> bool {
    link.state == LinkState::Paid && !link.is_otherwise_paid() && link.amount.is_some() && link.paid_at.is_some()
}

/// The data of a receipt.
#[derive(Clone, Copy)]
pub(crate) struct ReceiptSubject<'a> {
    pub(crate) link: &'a link::Model,
    pub(crate) order: &'a Order,
    pub(crate) owner: &'a Merchant,
    /// What became of its payments.
    pub(crate) after: AfterPayment,
}

/// The receipt; `None` if there is none.
pub(crate) async fn render_receipt(receipt: ReceiptSubject<'_>, logo: Option<Logo>) -> Result<Option<Bytes>, Problem> {
    let words = words_for(receipt.order, receipt.owner);
    let words = tokio::task::spawn_blocking(move || details_pdf::drawable(words)).await.map_err(Problem::internal)?;
    let Some(page) = page(receipt, words, logo)? else { return Ok(None) };
    draw(page).await.map(|(pdf, _)| Some(pdf))
}

fn page(
    receipt: ReceiptSubject<'_>,
    words: &'static Words,
    logo: Option<Logo>,
) -> Result<Option<DetailsPage>, Problem> {
    let ReceiptSubject { link, order, owner, after } = receipt;
    let (true, Some(money), Some(number), Some(paid_at)) =
        (has_receipt(link), link.money()?, &link.invoice_number, link.paid_at)
    else {
        return Ok(None);
    };
    let refunded = link.refunded_money()?.filter(|back| back.minor() > 0);
    let left = Money::from_minor(money.minor() - refunded.map_or(0, Money::minor), money.currency());
    let left = left.map_err(Problem::internal)?;
    let by_stripe = link.paid_elsewhere().is_none();
    let whole = money.to_decimal_string();
    let written = |amount: Money| amount.in_language(&words.language);
    let of_money = PaidMoney { link, after, merchant: &owner.name, written: &written };
    Ok(Some(DetailsPage {
        merchant: seller(owner, logo),
        customer_name: order.customer_name.clone(),

        invoice_number: number.clone(),
        order_number: Some(order.number.clone()).filter(|order| order != number),
        issued_on: link.paid_elsewhere_on().unwrap_or_else(|| owner.day_of(paid_at)),
        due_on: None,
        payable_until: None,
        items: vec![ItemLine {
            description: words.says_with("invoice_numbered", &[("{number}", number)]),
            quantity: 1,
            unit_amount: whole.clone(),
            total: whole.clone(),
        }],
        subtotal: None,
        shipping: None,
        discount: None,
        tax: None,
        adjustment: None,
        total: left.to_decimal_string(),
        currency: money.currency().code().to_owned(),
        order_currency: None,
        paper: Paper::usual_in(owner.region.as_str()),
        words,
        receipt: Some(details_pdf::Receipt {
            number: receipt_number(link),
            method: words.says(method(link, by_stripe)).to_owned(),
            reference: link.stripe_payment_intent.clone().filter(|_| by_stripe),
            paid: whole,
            refunded: refunded.map(Money::to_decimal_string),
            note: words.of_money(&of_money, None),
        }),
        evidence: None,
    }))
}

/// The receipt number of a link, which never changes.
fn receipt_number(link: &link::Model) -> String {
    let id = link.id.to_string();
    format!("R-{}", id.get(id.len().saturating_sub(12)..).unwrap_or(&id).to_uppercase())
}

/// The name of the method's text.
const fn method(link: &link::Model, by_stripe: bool) -> &'static str {
    match link.elsewhere_method {
        Some(method) if !by_stripe => match method {
            ElsewhereMethod::Cash => "cash",
            ElsewhereMethod::BankTransfer => "bank_transfer",
            ElsewhereMethod::Check => "check",
            ElsewhereMethod::Terminal => "terminal",
            ElsewhereMethod::Other => "other",
        },
        Some(_) | None => "stripe",
    }
}
