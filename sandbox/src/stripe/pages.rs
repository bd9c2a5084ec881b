//! The hosted page of a payment link, like `buy.stripe.com`.

use std::sync::Arc;

use poem::{
    Response, handler,
    http::{StatusCode, header},
    web::{Data, Form, Path},
};
use serde::Deserialize;

use crate::{
    html::{escape, page},
    model::{
        session::{Session, SessionStatus},
        state::{Shared, Txn},
    },
    money,
};

use super::checkout::{self, CheckoutError, PayMethod};

/// The form behind the page's button.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PaymentForm {
    /// The session that the page was opened with; without one, a new session is opened.
    session: Option<String>,
}

/// `GET /pay/{slug}`: opens a session and shows the payment page.
#[handler]
pub(crate) fn open(Path(slug): Path<String>, Data(shared): Data<&Arc<Shared>>) -> Response {
    let shown = shared.write(|txn| checkout::open(txn, &slug).map(|session| pay_page(txn, &slug, &session)));
    shown.unwrap_or_else(|error| refusal(StatusCode::OK, &error))
}

/// `POST /pay/{slug}`: pays.
#[handler]
pub(crate) fn pay(
    Path(slug): Path<String>,
    Form(payment): Form<PaymentForm>,
    Data(shared): Data<&Arc<Shared>>,
) -> Response {
    let paid = shared.write(|txn| {
        let session = match payment.session {
            Some(session) => session,
            None => checkout::open(txn, &slug)?.id,
        };
        checkout::pay(txn, &session, PayMethod::Instant)
    });
    match paid {
        Ok(paid) => {
            let next = paid.session.success_url.unwrap_or_else(|| format!("/pay/{slug}/paid"));
            Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, next).finish()
        }
        Err(error) => refusal(StatusCode::CONFLICT, &error),
    }
}

/// `GET /pay/{slug}/{what}`: an opened session again, or the page after it.
#[handler]
pub(crate) fn afterwards(Path((slug, what)): Path<(String, String)>, Data(shared): Data<&Arc<Shared>>) -> Response {
    match what.as_str() {
        "paid" => page(StatusCode::OK, "Thanks for your payment", "<p>It went to the merchant.</p>"),
        "cancelled" => page(StatusCode::OK, "Nothing was paid", "<p>You can close this page.</p>"),
        session => shared.write(|txn| match txn.tables.sessions.get(session).cloned() {
            None => refusal(StatusCode::OK, &CheckoutError::NoSuchSession),
            Some(session) if session.status != SessionStatus::Open => {
                refusal(StatusCode::OK, &CheckoutError::SessionClosed(session.status.name()))
            }
            Some(session) => pay_page(txn, &slug, &session),
        }),
    }
}

fn pay_page(txn: &Txn<'_>, slug: &str, session: &Session) -> Response {
    let name = txn.tables.links.get(&session.link).map_or("Payment", |link| link.product_name.as_str());
    let (amount, slug) = (money::for_people(session.amount, &session.currency), escape(slug));
    let body = format!(
        "<p class=\"amount\">{amount}</p>\
         <form method=\"post\" action=\"/pay/{slug}\">\
         <input type=\"hidden\" name=\"session\" value=\"{}\"><button>Pay {amount}</button></form>\
         <p><a href=\"/pay/{slug}/cancelled\">Cancel</a></p>\
         <p class=\"quiet\">This is the sandbox's stand-in for Stripe's page. No money moves.</p>",
        escape(&session.id)
    );
    page(StatusCode::OK, name, &body)
}

/// Explains why it cannot be paid. `closed` is the status for a page that exists but is closed.
fn refusal(closed: StatusCode, error: &CheckoutError) -> Response {
    let (status, title) = match error {
        CheckoutError::NoSuchLink | CheckoutError::NoSuchSession => (StatusCode::NOT_FOUND, "Page not found"),
        CheckoutError::LinkClosed(_) => (closed, "This link is not active"),
        CheckoutError::SessionClosed(_) | CheckoutError::NotProcessing => (closed, "This page can no longer be paid"),
    };
    page(status, title, &format!("<p>{}</p>", escape(&error.to_string())))
}
