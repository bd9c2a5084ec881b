//! The buyer's page: one link, one button, no script required.
//!
//! A GET never changes the state of a link, so link previews by bots are harmless. When a buyer who pressed Pay loads
//! the page again, we may ask Stripe; its answer is handled like any other event. Malformed tokens, unknown tokens, and
//! tokens of links that were never created all get the same response.

/// Unwraps the result of `find`, or returns the page.
macro_rules! found {
    ($api:expr, $request:expr, $token:expr) => {
        match find($api, $request, $token).await? {
            Ok(link) => link,
            Err(instead) => return Ok(instead),
        }
    };
}

mod asking;
mod assets;
mod contact;
mod of_payment;
mod page;
mod page_state;
mod placeholders;
mod saying;
mod words;

use chrono::{DateTime, Utc};
use domain::{LinkState, LinkToken};
use entity::{
    Order, link, logo, merchant, order,
    session::{self, SignedIn},
};
use poem::{
    IntoResponse, Request, Response, handler,
    http::{StatusCode, header},
    web::{Data, Path, Query},
};
use sea_orm::ConnectionTrait;
use serde::Deserialize;

use crate::{
    Api, Problem,
    http::{cookie, first_page::FirstPage, pdf_response::Pdf, picture::PictureResponse},
    v1::{ReceiptSubject, read_invoice, render_receipt},
};
pub(crate) use assets::{again, back, beacon, colour, style};
pub(crate) use of_payment::{AfterPayment, PaidMoney};
use page::{BuyerPage, PageSubject};
use page_state::PageState;
pub(crate) use saying::{pay_later, recognised, unrecognised, want_new_link};
pub(crate) use words::Words;

/// The link with this token, or the page to return instead.
async fn find(api: &Api, request: &Request, token: &str) -> Result<Result<link::Model, Response>, Problem> {
    let words = words_for(request);
    if let Err(refused) = api.throttles.buyers.admit(request, api) {
        return Ok(Err(
            BuyerPage::saying(&words.too_many, words, StatusCode::TOO_MANY_REQUESTS).into_response_after(&refused)
        ));
    }
    let link = link::find_by_token(api.db.pool(), &LinkToken::presented(token)).await?;
    let there = link.filter(|link| link.state != LinkState::Failed);
    Ok(there.ok_or_else(|| BuyerPage::unknown(words).into_response()))
}

fn language_of(request: &Request) -> &str {
    request.header(header::ACCEPT_LANGUAGE).unwrap_or_default()
}

fn words_for(request: &Request) -> &'static Words {
    Words::of(language_of(request))
}

/// How the buyer came to the page.
#[derive(Deserialize)]
pub(crate) struct Came {
    /// From Stripe, after a payment that may not have been reported yet.
    returned: Option<String>,
    /// Through the button for buyers who do not recognise the request; the page asks them to confirm.
    unsure: Option<String>,
}

/// The page of a link.
#[handler]
pub(crate) async fn show(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
    Query(came): Query<Came>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let (pool, now) = (api.db.pool(), api.clock.now());
    let link = if came.returned.is_some() { asking::after_return(&api, link, now).await } else { link };
    let page_state = match PageState::of(&link, now) {
        // The URL says so, though no press of Pay is recorded: Stripe's page was opened some other way.
        PageState::Open if came.returned.is_some() => PageState::Confirming,
        page_state => page_state,
    };
    if page_state.is_uncertain() {
        asking::ask_stripe(&api, &link, now).await;
    }
    let order = order::find(pool, link.merchant_id, link.order_id).await?;
    let has_newer_link = match &order {
        Some(order) if page_state.is_closed() => has_payable_link(pool, order, now).await?,
        Some(_) | None => false,
    };
    let subject = PageSubject {
        link: &link,
        owner: &merchant::get(pool, link.merchant_id).await?,
        logo: logo::about(pool, link.merchant_id).await?,
        order: order.as_ref(),
        after_payment: AfterPayment::of(pool, &link).await?,
        token: &token,
        page_state,
        is_unsure: came.unsure.is_some(),
        has_newer_link,
        is_merchants_own: is_merchants_own(&api, request, &link, now).await?,
        now,
        language: language_of(request),
        words: words_for(request),
    };
    Ok(BuyerPage::of(&subject)?.into_response())
}

/// Whether another link of the order can be paid now.
async fn has_payable_link(db: &impl ConnectionTrait, order: &Order, now: DateTime<Utc>) -> Result<bool, Problem> {
    let links = link::of_order(db, order.merchant_id, order.id).await?;
    Ok(links.iter().any(|link| link.can_be_paid(now)))
}

/// Whether the visitor is the merchant, signed in in this browser; then the visit is not the buyer's.
async fn is_merchants_own(
    api: &Api,
    request: &Request,
    link: &link::Model,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let Some(token) = cookie::read(request, api) else { return Ok(false) };
    let signed_in = session::find(api.db.pool(), &token, &api.operators, now).await?;
    Ok(match signed_in {
        Some(SignedIn::Merchant(_, key)) => key.merchant_id == link.merchant_id,
        Some(SignedIn::Operator(..)) => true,
        None => false,
    })
}

/// The query of the invoice.
#[derive(Deserialize)]
pub(crate) struct PdfQuery {
    /// Download it instead of showing it.
    download: Option<String>,
}

/// The invoice, while the link can be paid and after it was paid.
#[handler]
pub(crate) async fn invoice(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
    Query(wanted): Query<PdfQuery>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    if !PageState::of(&link, api.clock.now()).shows_invoice() {
        return show_again(&token);
    }
    let pdf = read_invoice(&api, &link).await?;
    Ok(if wanted.download.is_some() { pdf.for_saving() } else { pdf }.into_response())
}

/// The first page of the invoice as a picture, while the invoice may be seen.
#[handler]
pub(crate) async fn first_page(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    if !PageState::of(&link, api.clock.now()).shows_invoice() {
        return Err(Problem::not_found());
    }
    Ok(FirstPage::of(&api, &link).await?.into_response())
}

/// The merchant's logo.
#[handler]
pub(crate) async fn logo_of(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let logo = logo::find(api.db.pool(), link.merchant_id).await?;
    Ok(logo.map_or_else(
        || BuyerPage::unknown(words_for(request)).into_response(),
        |logo| PictureResponse::of(logo).into_response(),
    ))
}

/// Redirects to Stripe if the link can be paid; otherwise back to the page, which explains why not.
#[handler]
pub(crate) async fn pay(api: Data<&Api>, request: &Request, Path(token): Path<String>) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let now = api.clock.now();
    match &link.stripe_url {
        Some(url) if link.can_be_paid(now) && link.may_go_to_stripe(now) => {
            let tx = api.db.begin().await?;
            link::note_pay_pressed(&tx, &link, now).await?;
            tx.commit().await?;
            see_other(url)
        }
        Some(_) | None => show_again(&token),
    }
}

/// The buyer says that they have not paid, where Stripe could not tell, which brings Pay back.
#[handler]
pub(crate) async fn not_paid(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    if link.pay_pressed_at.is_some() {
        let tx = api.db.begin().await?;
        link::forget_paying(&tx, &link).await?;
        tx.commit().await?;
    }
    show_again(&token)
}

/// Records that a person has seen the page. Sent by its script, which link previews do not run.
#[handler]
pub(crate) async fn viewed(api: Data<&Api>, request: &Request, Path(token): Path<String>) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let now = api.clock.now();
    let is_news = link.viewed_at.is_none() && PageState::of(&link, now).shows_invoice();
    if is_news && !is_merchants_own(&api, request, &link, now).await? {
        let tx = api.db.begin().await?;
        link::note_viewed(&tx, &link, now).await?;
        tx.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The receipt of a paid link.
#[handler]
pub(crate) async fn receipt(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
    Query(wanted): Query<PdfQuery>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let pool = api.db.pool();
    let Some(order) = order::find(pool, link.merchant_id, link.order_id).await? else { return show_again(&token) };
    let owner = merchant::get(pool, link.merchant_id).await?;
    let logo = logo::find(pool, link.merchant_id).await?;
    let after = AfterPayment::of(pool, &link).await?;
    let receipt = ReceiptSubject { link: &link, order: &order, owner: &owner, after };
    let Some(pdf) = render_receipt(receipt, logo).await? else { return show_again(&token) };
    let name = format!("receipt-{}", link.invoice_number.as_deref().unwrap_or_default());
    let pdf = Pdf::inline(pdf, &name);
    Ok(if wanted.download.is_some() { pdf.for_saving() } else { pdf }.into_response())
}

fn show_again(token: &str) -> Result<Response, Problem> {
    see_other(&format!("/p/{token}"))
}

fn see_other(location: &str) -> Result<Response, Problem> {
    let location = header::HeaderValue::from_str(location).map_err(Problem::internal)?;
    Ok(Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, location)
        .header(header::CACHE_CONTROL, "no-store")
        .finish())
}
