//! Payments of links: applying Stripe's events and sessions, and closing links that must no longer be paid.

pub(crate) mod apply_stripe_event;
pub(crate) mod close;
pub(crate) mod event_groups;
pub(crate) mod payment;
mod refunds_and_disputes;
pub(crate) mod renewal;
pub(crate) mod settlement;
