//! `Idempotency-Key`: the first answer under a key is final, even if it is a server error.

use chrono::TimeDelta;
use poem::http::StatusCode;

use crate::{
    answer::Answer,
    exchange::IncomingRequest,
    failure::Failure,
    model::{scope::StripeScope, state::Txn, stored_answer::StoredAnswer, tables::RowChange},
};

use super::{Call, errors::StripeError};

/// Stripe keeps keys for at least this long, and guarantees nothing beyond.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// The longest key, in characters.
const LONGEST_KEY: usize = 255;

/// The request's idempotency key. Only POST has one; Stripe ignores it elsewhere.
pub(crate) fn key(incoming: &IncomingRequest) -> Result<Option<&str>, StripeError> {
    match incoming.header("idempotency-key") {
        Some(key) if incoming.logged.method == "POST" => {
            if key.is_empty() || key.chars().count() > LONGEST_KEY {
                let message = format!("Idempotency-Key must have 1 to {LONGEST_KEY} characters.");
                return Err(StripeError::invalid(message));
            }
            Ok(Some(key))
        }
        _ => Ok(None),
    }
}

/// The name that a key's answer is stored under.
pub(crate) fn stored_id(scope: &StripeScope, key: &str) -> String {
    format!("{}/{}/{key}", scope.account, if scope.livemode { "live" } else { "test" })
}

/// Whether an answer with this status is kept: what ran to its end is, with success or with a 500; what was refused
/// before it ran, or was rejected up front, is not, and may be tried again under the same key.
pub(crate) fn remembers(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::INTERNAL_SERVER_ERROR
}

/// Answers the call with `execute`, or with what was answered under its key before. A `failure` takes the place of
/// the answer: of the call itself if it comes before the effect, of what is remembered if it is a 500 after it.
pub(crate) fn answer(
    txn: &mut Txn<'_>,
    incoming: &IncomingRequest,
    call: Call,
    failure: Option<Failure>,
    execute: impl FnOnce(&mut Txn<'_>, Call) -> Answer,
) -> Answer {
    let Some(key) = call.cause.idempotency_key.clone() else {
        return run(txn, call, failure, execute);
    };
    let id = stored_id(&call.scope, &key);
    let params = call.params.sorted();
    let request_id = call.cause.request.clone();
    match earlier(txn, incoming, &id, &params, &key) {
        Ok(Some(answer)) => return answer,
        Err(error) => return error.answer(request_id.as_deref().unwrap_or_default()),
        Ok(None) => {}
    }
    let answer = run(txn, call, failure, execute);
    if remembers(answer.status) {
        txn.put(RowChange::StoredAnswer(StoredAnswer {
            id,
            path: incoming.logged.path.clone(),
            params,
            status: answer.status.as_u16(),
            body: answer.body.clone(),
            request_id,
            at: txn.now,
        }));
    }
    answer.with("Idempotency-Key", key)
}

/// What was answered under this key before, if it is kept still and was the same call.
fn earlier(
    txn: &Txn<'_>,
    incoming: &IncomingRequest,
    id: &str,
    params: &[(String, String)],
    key: &str,
) -> Result<Option<Answer>, StripeError> {
    if txn.is_held(id) {
        return Err(StripeError::key_in_use(key));
    }
    let kept = |stored: &&StoredAnswer| txn.now - stored.at < KEPT;
    let Some(stored) = txn.tables.stored_answers.get(id).filter(kept) else {
        return Ok(None);
    };
    check(stored, incoming, params, key)?;
    Ok(Some(replay(stored, key)))
}

fn run(
    txn: &mut Txn<'_>,
    call: Call,
    failure: Option<Failure>,
    execute: impl FnOnce(&mut Txn<'_>, Call) -> Answer,
) -> Answer {
    match failure {
        None => execute(txn, call),
        Some(failure) if !failure.after_effect => failure.answer,
        Some(failure) => {
            let answer = execute(txn, call);
            let failed_at_the_end = failure.answer.status == StatusCode::INTERNAL_SERVER_ERROR;
            if failed_at_the_end && answer.status.is_success() { failure.answer } else { answer }
        }
    }
}

/// A key is for one endpoint and one set of parameters.
fn check(
    stored: &StoredAnswer,
    incoming: &IncomingRequest,
    params: &[(String, String)],
    key: &str,
) -> Result<(), StripeError> {
    if stored.path != incoming.logged.path {
        return Err(StripeError::key_reused(format!(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{}' vs \
             '{}'). Try using a key other than '{key}' if you meant to execute a different request.",
            incoming.logged.path, stored.path
        )));
    }
    if stored.params != params {
        return Err(StripeError::key_reused(format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try \
             using a key other than '{key}' if you meant to execute a different request."
        )));
    }
    Ok(())
}

fn replay(stored: &StoredAnswer, key: &str) -> Answer {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = Answer { status, headers: Vec::new(), body: stored.body.clone() };
    let answer = answer.with("Idempotency-Key", key).with("Idempotent-Replayed", "true");
    match &stored.request_id {
        Some(first) => answer.with("Original-Request", first),
        None => answer,
    }
}
