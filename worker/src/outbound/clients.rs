//! The HTTP clients of a process.

use reqwest::Client;

use super::{address_guard, http};

/// One client for services that the operator names, and one for URLs that merchants describe. No more than these: each reads and checks
/// all certificates that the machine trusts.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    services: Client,
    described: Client,
}

impl Clients {
    /// Makes both.
    pub(crate) fn new() -> reqwest::Result<Self> {
        Ok(Self { services: http::client()?, described: address_guard::client()? })
    }

    /// The one for Stripe and the carrier.
    pub(crate) fn of_services(&self) -> Client {
        self.services.clone()
    }

    /// The one for URLs that merchants describe: to public addresses only, unless the operator allows `private` ones.
    pub(crate) fn of_described(&self, private: bool) -> Client {
        if private { self.services.clone() } else { self.described.clone() }
    }
}
