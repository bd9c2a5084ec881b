//! What becomes of a link's money: what Stripe's events and sessions say of it, and the closing of links that nobody is to pay any more.

pub(crate) mod applier;
pub(crate) mod close;
mod facts;
pub(crate) mod payment;
pub(crate) mod renewal;
pub(crate) mod settlement;
pub(crate) mod stripe_event;
