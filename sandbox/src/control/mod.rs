//! `/_control`: what somebody who tests, or tries out, tells the sandbox to do. JSON in and out; unknown fields are
//! refused; a list is `{"items": […]}`, oldest first.
//!
//! | call | does |
//! |---|---|
//! | `POST /open` `{url}` | somebody opens a payment link's page and does not pay yet: `{session, payment_link}` |
//! | `POST /pay` `{url}` or `{session}`, `async?` | somebody pays: `{session, event, payment_intent, …}`; 409 when it cannot be paid, 404 when there is no such page |
//! | `POST /settle` `{session, succeed}` | the bank of an `async` payment says yes or no |
//! | `POST /refund` `{payment_intent, amount?, status?}` · `POST /refund/settle` `{refund, status}` | the merchant gives money back; what becomes of that, such as `failed` |
//! | `POST /dispute` `{payment_intent, amount?, reason?, status?}` · `POST /dispute/close` `{payment_intent, won}` or `{payment_intent, status}` | a buyer's bank wants money back; how that gets on and ends |
//! | `POST /fail` `{service, times, mode, status?, retry_after?, should_retry?, path?, method?}` | the next `times` calls fail; `mode` is `status`, `hang` or `reset`, each also with `_after` for after the effect; 0 times withdraws |
//! | `POST /webhooks` `{service?, duplicate?, shuffle?, delay_ms?, drop?}` | how webhooks are delivered from now on; what is left out is as usual again |
//! | `GET /webhooks?service=` · `POST /webhooks/resend` `{event}` | every delivery and its state; an event once more |
//! | `POST /stripe/webhook_endpoints` `{url, secret?, enabled_events?, key?}` | sets up an endpoint with a secret that is known beforehand |
//! | `GET /requests?service=&skip=` | every request received, with its answer |
//! | `GET /counts?key=` | links, sessions, texts and deliveries counted; links also by a metadata key, `link_id` by default |
//! | `GET /sms/outbox` · `POST /sms/incoming` `{from, to?, body, media?}` | texts sent; a buyer writes, by the carrier that the last text came from |
//! | `POST /sms/report` `{sid, status, error_code?}` | the carrier reports, in whatever order |
//! | `POST /sms/reports` `{automatic?, delay_ms?}` | whether and how fast the carrier reports by itself |
//! | `POST /sms/webhook` `{url}` | where incoming texts go; by default to the last `StatusCallback` |

mod behaviour;
mod buyers;
mod insight;
mod texts;

use poem::{IntoEndpoint, Route, error::ResponseError, get, http::StatusCode, post};

use crate::{
    sms::incoming::IncomingError,
    stripe::{checkout::CheckoutError, disputes_and_refunds::MoneyBackError},
};

/// Everything below `/_control`.
pub(crate) fn routes() -> impl IntoEndpoint {
    Route::new()
        .at("/open", post(buyers::open))
        .at("/pay", post(buyers::pay))
        .at("/settle", post(buyers::settle))
        .at("/refund", post(buyers::refund))
        .at("/refund/settle", post(buyers::settle_refund))
        .at("/dispute", post(buyers::dispute))
        .at("/dispute/close", post(buyers::close_dispute))
        .at("/fail", post(behaviour::fail))
        .at("/webhooks", post(behaviour::webhooks).get(insight::webhooks))
        .at("/webhooks/resend", post(behaviour::resend))
        .at("/stripe/webhook_endpoints", post(behaviour::endpoint))
        .at("/requests", get(insight::requests))
        .at("/counts", get(insight::counts))
        .at("/sms/outbox", get(texts::outbox))
        .at("/sms/incoming", post(texts::incoming))
        .at("/sms/report", post(texts::report))
        .at("/sms/reports", post(texts::automatic))
        .at("/sms/webhook", post(texts::webhook))
}

/// Why the sandbox does not do what it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// It is about something that does not exist.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It contradicts itself.
    #[error("{0}")]
    Invalid(&'static str),
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    #[error(transparent)]
    MoneyBack(#[from] MoneyBackError),
    #[error(transparent)]
    Incoming(#[from] IncomingError),
}

impl ResponseError for ControlError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_)
            | Self::Checkout(CheckoutError::NoSuchLink | CheckoutError::NoSuchSession)
            | Self::MoneyBack(MoneyBackError::NoSuchPayment | MoneyBackError::NoSuchRefund) => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Checkout(
                CheckoutError::LinkClosed(_) | CheckoutError::SessionClosed(_) | CheckoutError::NotProcessing,
            )
            | Self::MoneyBack(
                MoneyBackError::NotPaid
                | MoneyBackError::Amount { .. }
                | MoneyBackError::Dispute
                | MoneyBackError::RefundIsOff,
            )
            | Self::Incoming(_) => StatusCode::CONFLICT,
        }
    }
}
