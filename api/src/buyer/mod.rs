//! The buyer's page: one link, one button, no script required.
//!
//! A GET never changes the state of a link, so link previews by bots are harmless. When a buyer who pressed Pay loads
//! the page again, we may ask Stripe; its answer is handled like any other event. Malformed tokens, unknown tokens, and
//! tokens of links that were never created all get the same response.

mod asking;
mod assets;
mod contact;
mod of_payment;
mod page;
mod page_state;
mod words;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{LinkState, LinkToken};
use entity::{
    Merchant, Order, Transaction,
    conversation::{self, Correspondent},
    link, logo, merchant,
    message::{self, SaidOnPage},
    order,
    session::{self, SignedIn},
};
use poem::{
    IntoResponse, Request, Response, handler,
    http::{StatusCode, header},
    web::{Data, Form, Path, Query},
};
use sea_orm::ConnectionTrait;
use serde::Deserialize;

use crate::{
    Api, Problem,
    http::{cookie, first_page::FirstPage, pdf_response::Pdf, picture::PictureResponse},
    v1::{Receipt, can_be_paid, read_invoice, render_receipt},
};
pub(crate) use assets::{again, back, beacon, colour, style};
pub(crate) use of_payment::PaidMoney;
use page::{BuyerPage, PageSubject};
use page_state::PageState;
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

/// Unwraps the result of `find`, or returns the page.
macro_rules! found {
    ($api:expr, $request:expr, $token:expr) => {
        match find($api, $request, $token).await? {
            Ok(link) => link,
            Err(instead) => return Ok(instead),
        }
    };
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
        unfinished_refund: link::unfinished_refunds(pool, [&link]).await?.remove(&link.id),
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
    Ok(links.iter().any(|link| can_be_paid(link, now)))
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
pub(crate) struct Wanted {
    /// Download it instead of showing it.
    download: Option<String>,
}

/// The invoice, while the link can be paid and after it was paid.
#[handler]
pub(crate) async fn invoice(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
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
        Some(url) if can_be_paid(&link, now) && link.may_go_to_stripe(now) => {
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

/// The buyer does not recognise the request: the merchant sees this in the conversation, and reminders stop.
#[handler]
pub(crate) async fn unrecognised(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    if can_be_paid(&link, api.clock.now()) && link.unrecognised_at.is_none() {
        tell_merchant(&api, &link, false).await?;
    }
    show_again(&token)
}

/// The buyer recognises the request after all.
#[handler]
pub(crate) async fn recognised(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    if can_be_paid(&link, api.clock.now()) && link.unrecognised_at.is_some() {
        tell_merchant(&api, &link, true).await?;
    }
    show_again(&token)
}

async fn tell_merchant(api: &Api, link: &link::Model, knows_it: bool) -> Result<(), Problem> {
    let now = api.clock.now();
    let tx = api.db.begin().await?;
    let is_news = if knows_it {
        link::note_recognised(&tx, link, now).await?
    } else {
        link::note_unrecognised(&tx, link, now).await?
    };
    if is_news {
        let number = link.invoice_number.as_deref().unwrap_or_default();
        let body = if knows_it {
            format!("I recognise this after all (invoice {number}).")
        } else {
            format!("I don’t recognise this (invoice {number}).")
        };
        // What they do not recognise is a matter of its own.
        let said = SaidOnPage { body, needs_reading: knows_it };
        say_in_conversation(api, &tx, link, said, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The day on which the buyer intends to pay.
#[derive(Deserialize)]
pub(crate) struct PayLater {
    on: String,
}

/// Records, once, the day on which the buyer intends to pay, which delays reminders. An invalid or past day changes
/// nothing.
#[handler]
pub(crate) async fn pay_later(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
    Form(said): Form<PayLater>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let now = api.clock.now();
    let owner = merchant::get(api.db.pool(), link.merchant_id).await?;
    if let Some((day, until)) = expected_day(&owner, &link, &said.on, now)
        && can_be_paid(&link, now)
    {
        let tx = api.db.begin().await?;
        if link::note_expected(&tx, &link, day, until, now).await? {
            let number = link.invoice_number.as_deref().unwrap_or_default();
            // As the other sentences, in English: the console says them in the reader's language.
            let day = Words::of("en").day(day);
            let said = SaidOnPage { body: format!("I will pay on {day} (invoice {number})."), needs_reading: true };
            say_in_conversation(&api, &tx, &link, said, now).await?;
        }
        tx.commit().await?;
    }
    show_again(&token)
}

/// The day and its end, if it lies between today and the link's expiry.
fn expected_day(
    owner: &Merchant,
    link: &link::Model,
    text: &str,
    now: DateTime<Utc>,
) -> Option<(NaiveDate, DateTime<Utc>)> {
    let day: NaiveDate = text.trim().parse().ok()?;
    (owner.day_of(now)..=owner.day_of(link.expires_at)).contains(&day).then_some(())?;
    Some((day, owner.end_of(day)?))
}

/// The buyer of a closed link asks, once, for a new one, which a person is notified of.
#[handler]
pub(crate) async fn want_new_link(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let now = api.clock.now();
    let order = order::find(api.db.pool(), link.merchant_id, link.order_id).await?;
    if PageState::of(&link, now).is_closed() && page::may_want_new_link(&link, order.as_ref()) {
        let tx = api.db.begin().await?;
        if link::note_new_link_wanted(&tx, &link, now).await? {
            let number = link.invoice_number.as_deref().unwrap_or_default();
            let body = format!("Please send me a new link (invoice {number}).");
            say_in_conversation(&api, &tx, &link, SaidOnPage { body, needs_reading: false }, now).await?;
        }
        tx.commit().await?;
    }
    show_again(&token)
}

/// The receipt of a paid link.
#[handler]
pub(crate) async fn receipt(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let pool = api.db.pool();
    let Some(order) = order::find(pool, link.merchant_id, link.order_id).await? else { return show_again(&token) };
    let owner = merchant::get(pool, link.merchant_id).await?;
    let logo = logo::find(pool, link.merchant_id).await?;
    let unfinished = link::unfinished_refunds(pool, [&link]).await?.remove(&link.id);
    let receipt = Receipt { link: &link, order: &order, owner: &owner, unfinished };
    let Some(pdf) = render_receipt(receipt, logo).await? else { return show_again(&token) };
    let name = format!("receipt-{}", link.invoice_number.as_deref().unwrap_or_default());
    let pdf = Pdf::inline(pdf, &name);
    Ok(if wanted.download.is_some() { pdf.for_saving() } else { pdf }.into_response())
}

/// Adds what the buyer said on the page to the conversation, if their number is known.
async fn say_in_conversation(
    api: &Api,
    tx: &Transaction,
    link: &link::Model,
    said: SaidOnPage,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(order) = order::find(tx, link.merchant_id, link.order_id).await? else { return Ok(()) };
    let Some(phone) = &order.customer_phone else { return Ok(()) };
    let conversation =
        conversation::open(tx, &api.vault, link.merchant_id, Correspondent::named(phone, &order.customer_name), now)
            .await?;
    let said = SaidOnPage { body: format!("On the payment page: {}", said.body), ..said };
    message::insert_said_on_page(tx, link, conversation.id, said, now).await?;
    Ok(())
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
