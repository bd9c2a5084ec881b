//! Outgoing calls to Stripe and carriers: the HTTP client, the rate limit and circuit breaker of each service, and the
//! guard that keeps merchants' URLs out of our own network.

pub(crate) mod address_guard;
pub(crate) mod clients;
pub(crate) mod http;
pub(crate) mod service;
