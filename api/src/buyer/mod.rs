//! The buyer's page: one link, one button, no script.
//!
//! Nothing that a GET does changes anything: previews by bots are harmless. A token that is none, one whose link never came to
//! be, and one that never existed get the same answer.

mod page;

use entity::{LinkToken, link, merchant};
use poem::{
    IntoResponse, Response, handler,
    http::{StatusCode, header},
    web::{Data, Path, Query},
};
use serde::Deserialize;

use crate::{
    Api, Problem,
    v1::{can_be_paid, read_invoice},
};
use page::{BuyerPage, Standing};

async fn find(api: &Api, token: &str) -> Result<Option<link::Model>, Problem> {
    let link = link::find_by_token(api.db.pool(), &LinkToken::presented(token)).await?;
    Ok(link.filter(|link| link.state != entity::LinkState::Failed))
}

/// How the buyer came to the page.
#[derive(Deserialize)]
pub(crate) struct Came {
    /// From Stripe, after a payment of which we may not have been told yet.
    returned: Option<String>,
}

/// The page.
#[handler]
pub(crate) async fn show(
    api: Data<&Api>,
    Path(token): Path<String>,
    Query(came): Query<Came>,
) -> Result<Response, Problem> {
    let Some(link) = find(&api, &token).await? else {
        return Ok(BuyerPage::unknown().into_response());
    };
    let owner = merchant::get(api.db.pool(), link.merchant_id).await?;
    let standing = match Standing::of(&link, api.clock.now()) {
        Standing::Open if came.returned.is_some() => Standing::Confirming,
        standing => standing,
    };
    Ok(BuyerPage::of(&link, &owner, &token, standing)?.into_response())
}

/// The invoice; while the link can still be paid, and after it was.
#[handler]
pub(crate) async fn invoice(api: Data<&Api>, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(link) = find(&api, &token).await? else {
        return Ok(BuyerPage::unknown().into_response());
    };
    match Standing::of(&link, api.clock.now()) {
        Standing::Open | Standing::Confirming | Standing::Processing | Standing::Paid => {
            Ok(read_invoice(&api, &link).await?.into_response())
        }
        Standing::Preparing | Standing::Voided | Standing::Expired => show_again(&token),
    }
}

/// To Stripe, if it can be paid; else back to the page, which says why not.
#[handler]
pub(crate) async fn pay(api: Data<&Api>, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(link) = find(&api, &token).await? else {
        return Ok(BuyerPage::unknown().into_response());
    };
    match &link.stripe_url {
        Some(url) if can_be_paid(&link, api.clock.now()) => see_other(url),
        Some(_) | None => show_again(&token),
    }
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
        .header(header::REFERRER_POLICY, "no-referrer")
        .finish())
}

/// The page's style sheet.
#[handler]
pub(crate) fn style() -> Response {
    Response::builder()
        .content_type("text/css; charset=utf-8")
        .header(header::CACHE_CONTROL, "public, max-age=3600")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(include_str!("style.css"))
}
