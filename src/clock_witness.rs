//! The clock of another machine: Stripe sends the time with every response, even without authentication.

use std::time::Duration;

use ::scheduler::{JumpGuard, Witness};
use chrono::{DateTime, Utc};
use reqwest::{Client, Response, header::DATE, redirect::Policy};

use crate::settings::{Settings, is_on_this_machine};

/// Timeout of the request.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Holds irreversible ticks while no other machine confirms the time.
pub(crate) fn guard(settings: &Settings) -> JumpGuard {
    let base = settings.stripe_api_base.clone();
    JumpGuard::new(Witness::new(move || ask(base.clone())))
}

async fn ask(base: String) -> Option<DateTime<Utc>> {
    // A server on this machine would only report this machine's clock.
    if is_on_this_machine(&base) {
        return None;
    }
    let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).build().ok()?;
    match client.get(&base).send().await {
        Ok(answer) => date_of(&answer),
        Err(error) => {
            tracing::warn!(error = domain::with_sources(&error), "Stripe's clock cannot be asked for the time");
            None
        }
    }
}

/// The remote time when a response was sent.
pub(crate) fn date_of(answer: &Response) -> Option<DateTime<Utc>> {
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}
