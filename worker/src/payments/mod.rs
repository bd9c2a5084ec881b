//! Payments of links: applying Stripe's events and sessions, and closing links that must no longer be paid.

pub(crate) mod applier;
pub(crate) mod close;
mod facts;
pub(crate) mod payment;
pub(crate) mod renewal;
pub(crate) mod settlement;
pub(crate) mod stripe_event;
