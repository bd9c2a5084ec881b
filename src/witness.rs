//! Another machine's clock: Stripe sends its time with every answer, even to unauthenticated callers.

use std::time::Duration;

use ::scheduler::{JumpGuard, Witness};
use chrono::{DateTime, Utc};
use reqwest::{Client, Response, header::DATE, redirect::Policy};

use crate::settings::{Settings, is_on_this_machine};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// Holds what cannot be taken back while nobody but this machine says what time it is.
pub(crate) fn guard(settings: &Settings) -> JumpGuard {
    let base = settings.stripe_api_base.clone();
    JumpGuard::new(Witness::new(move || ask(base.clone())))
}

async fn ask(base: String) -> Option<DateTime<Utc>> {
    // It would tell what this machine's own clock says.
    if is_on_this_machine(&base) {
        return None;
    }
    let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build().ok()?;
    match client.get(&base).send().await {
        Ok(answer) => date_of(&answer),
        Err(error) => {
            tracing::warn!(error = domain::with_sources(&error), "Stripe's clock cannot be asked for the time");
            None
        }
    }
}

/// What time it was there when an answer was given.
pub(crate) fn date_of(answer: &Response) -> Option<DateTime<Utc>> {
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}
