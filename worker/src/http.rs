//! How we speak HTTP to Stripe and to carriers.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response, header, redirect};

/// The longest that a whole exchange may take; shorter than a job's time-out, so that the job learns of it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest `Retry-After` that is believed.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

pub(crate) fn client() -> reqwest::Result<Client> {
    builder().build()
}

/// What all clients of ours are made of.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("paylink/", env!("CARGO_PKG_VERSION")))
}

/// How long the other side asks to be left alone: `Retry-After` in seconds.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
}
