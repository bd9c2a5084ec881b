//! The way out, to Stripe and to carriers: the HTTP client, the rate limit and breaker that stand before each service, and the guard
//! that keeps addresses which merchants describe out of our own network.

pub(crate) mod address_guard;
pub(crate) mod clients;
pub(crate) mod http;
pub(crate) mod service;
