//! `/_control`: the control API for tests and demos. JSON in and out; unknown fields are refused; a list is `{"items":
//! […]}`, oldest first.
//!
//! | call | does |
//! |---|---|
//! | `POST /open` `{url}` | a buyer opens a payment link's page without paying: `{session, payment_link}` |
//! | `POST /pay` `{url}` or `{session}`, `async?` | a buyer pays: `{session, event, payment_intent, …}`; 409 when it cannot be paid, 404 when there is no such page |
//! | `POST /settle` `{session, succeed}` | the bank accepts or declines an `async` payment |
//! | `POST /refund` `{payment_intent, amount?, status?}` · `POST /refund/settle` `{refund, status}` | the merchant refunds a payment; the refund gets another status, such as `failed` |
//! | `POST /dispute` `{payment_intent, amount?, reason?, status?}` · `POST /dispute/close` `{payment_intent, won}` or `{payment_intent, status}` | a buyer's bank disputes a payment; the dispute progresses or ends |
//! | `POST /fail` `{service, times, mode, status?, retry_after?, should_retry?, path?, method?}` | the next `times` calls fail; `mode` is `status`, `hang` or `reset`, each also with `_after` to fail after the effect; 0 times cancels all faults of the service |
//! | `POST /slow` `{service, delay_ms}` | each call of the service takes this long from now on, half of it before its effect and half after |
//! | `POST /webhooks` `{service?, duplicate?, shuffle?, delay_ms?, drop?}` | sets how webhooks are delivered; omitted fields are reset to the default |
//! | `GET /webhooks?service=` · `POST /webhooks/resend` `{event}` | all deliveries and their states; sends an event again |
//! | `POST /stripe/webhook_endpoints` `{url, secret?, enabled_events?, key?}` | creates an endpoint with a known secret |
//! | `GET /requests?service=&skip=` | all received requests with their responses |
//! | `GET /counts?key=` | counts of links, sessions, texts and deliveries; of links also by a metadata key, `link_id` by default |
//! | `GET /sms/outbox` · `POST /sms/incoming` `{from, to?, body, media?}` | the sent texts; a buyer sends a text through the carrier that delivered the last one |
//! | `POST /sms/report` `{sid, status, error_code?}` | the carrier sends a report, in any order |
//! | `POST /sms/reports` `{automatic?, delay_ms?}` | whether and how fast the carrier reports automatically |
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

/// All routes below `/_control`.
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
        .at("/slow", post(behaviour::slow))
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

/// Why a control request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// The object does not exist.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request is contradictory.
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
