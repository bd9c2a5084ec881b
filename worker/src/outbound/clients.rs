//! The HTTP clients of a process.

use reqwest::Client;

use super::{address_guard, http};

/// One client for services that the operator configures, and one for URLs that merchants enter. There are only two
/// because each loads all trusted certificates of the machine.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    services: Client,
    merchants: Client,
}

impl Clients {
    /// Creates both clients.
    pub(crate) fn new() -> reqwest::Result<Self> {
        Ok(Self { services: http::client()?, merchants: address_guard::client()? })
    }

    /// The client for Stripe and the carrier.
    pub(crate) fn of_services(&self) -> Client {
        self.services.clone()
    }

    /// The client for URLs that merchants enter. Only public addresses, unless the operator allows `private` ones.
    pub(crate) fn of_merchants(&self, private: bool) -> Client {
        if private { self.services.clone() } else { self.merchants.clone() }
    }
}
