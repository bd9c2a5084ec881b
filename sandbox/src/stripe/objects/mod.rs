//! Stripe's objects: what the sandbox keeps of each, and what each looks like to a client.

pub(crate) mod endpoint;
pub(crate) mod event;
pub(crate) mod link;
pub(crate) mod payment;
pub(crate) mod session;
