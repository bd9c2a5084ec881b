//! The path of a request to one of the services: it is logged, possibly hit by a fault, and answered.

use std::{sync::Arc, time::Duration};

use poem::{Request, Response, handler, http::StatusCode, web::Data};
use tokio::time::sleep;

use crate::{
    answer::Answer,
    clock,
    exchange::IncomingRequest,
    failure::Failure,
    faults,
    model::{
        fault::{Fault, Mode},
        service::Service,
        state::Shared,
    },
    sms, stripe,
};

/// How long a request hangs before its connection is closed, unless the client disconnects.
const HANG: Duration = Duration::from_mins(2);

/// All routes below `/stripe`.
#[handler]
pub(crate) async fn stripe_api(request: &Request, body: Vec<u8>, Data(shared): Data<&Arc<Shared>>) -> Response {
    serve(Service::Stripe, request, &body, shared).await
}

/// All routes below `/sms`.
#[handler]
pub(crate) async fn sms_api(request: &Request, body: Vec<u8>, Data(shared): Data<&Arc<Shared>>) -> Response {
    serve(Service::Sms, request, &body, shared).await
}

async fn serve(service: Service, request: &Request, body: &[u8], shared: &Shared) -> Response {
    let mut incoming = IncomingRequest::read(service, request, body, clock::now());
    let (fault, half) = shared.write(|txn| {
        let fault = faults::strike(txn, &incoming.logged);
        incoming.logged.fault = fault.as_ref().map(|fault| fault.mode);
        incoming.receive(txn);
        (fault, txn.tables.settings.delay(service) / 2)
    });
    let Some(fault) = fault else {
        // If the client leaves meanwhile, this ends: before the effect, or after it.
        pause(half).await;
        let answer = answer(shared, &incoming, None);
        pause(half).await;
        return answer.into();
    };
    fail(shared, &incoming, &fault, request).await
}

async fn fail(shared: &Shared, incoming: &IncomingRequest, fault: &Fault, request: &Request) -> Response {
    match fault.mode {
        Mode::Status => return answer(shared, incoming, Some(failure(fault, false))).into(),
        Mode::StatusAfter => return answer(shared, incoming, Some(failure(fault, true))).into(),
        Mode::Hang => {
            let _in_progress = stripe::held_key(&shared.config, incoming).map(|key| shared.hold(key));
            hang(shared, request).await;
        }
        Mode::HangAfter => {
            answer(shared, incoming, None);
            hang(shared, request).await;
        }
        Mode::Reset => {}
        Mode::ResetAfter => {
            answer(shared, incoming, None);
        }
    }
    shared.connections.reset(request.remote_addr());
    // This response is never seen, because the connection is reset.
    StatusCode::INTERNAL_SERVER_ERROR.into()
}

/// Even a sleep of no time takes a millisecond.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// Waits until the client has disconnected or the time is up.
async fn hang(shared: &Shared, request: &Request) {
    tokio::select! {
        () = shared.connections.left(request.remote_addr()) => {}
        () = sleep(HANG) => {}
    }
}

/// Executes the call and logs its response in one transaction.
fn answer(shared: &Shared, incoming: &IncomingRequest, failure: Option<Failure>) -> Answer {
    shared.write(|txn| {
        let answer = match incoming.logged.service {
            Service::Stripe => stripe::answer(txn, incoming, failure),
            Service::Sms => sms::answer(txn, incoming, failure),
        };
        incoming.answered(txn, &answer);
        answer
    })
}

fn failure(fault: &Fault, after_effect: bool) -> Failure {
    let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = match fault.service {
        Service::Stripe => stripe::errors::ordered(status),
        Service::Sms => sms::errors::ordered(status),
    };
    if let Some(seconds) = fault.retry_after {
        answer = answer.with("Retry-After", seconds.to_string());
    }
    if let Some(should_retry) = fault.should_retry {
        answer = answer.with("Stripe-Should-Retry", should_retry.to_string());
    }
    Failure { after_effect, answer }
}
