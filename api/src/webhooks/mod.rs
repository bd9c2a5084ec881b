//! Webhooks from Stripe and carriers: verified on the raw bytes, stored with a job in one transaction, and only then
//! acknowledged.

mod intake;
mod keyring;
pub(crate) mod operator;
mod refusals;
pub(crate) mod sms;
pub(crate) mod stripe;
mod stripe_signature;
mod volume;

use std::{future::Future, time::Duration};

use domain::MerchantId;
use poem::{Body, http::StatusCode};

pub(crate) use intake::Intake;

use crate::Problem;

/// Timeout of the database. Senders of webhooks retry.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The merchant in the path; anything invalid gets the same 404.
fn merchant_id(text: &str) -> Result<MerchantId, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Fails with 503 on a timeout. It is then unknown whether the event was stored; a retry is harmless.
async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    match tokio::time::timeout(TIMEOUT, work).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(Problem::unavailable("database_unavailable", elapsed)),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    body.into_vec().await.map_err(|error| Problem::malformed(error.to_string()))
}

/// The code of [`bad_signature`], which tells refusals from failures.
const BAD_SIGNATURE: &str = "bad_signature";

fn bad_signature() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, BAD_SIGNATURE, "The signature does not match.")
}
