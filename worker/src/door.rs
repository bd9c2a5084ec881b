//! The way out to a service, for the calls of one merchant: through its limit and its breaker, and back with what came of it.

use entity::MerchantId;
use queue::flow::{Gate, NotNow, Passage, Rate};

/// How many calls a second are made to the services outside, by all workers together.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To each of Stripe's endpoints, for each merchant.
    pub stripe: Rate,
    /// Texts handed to the carrier, for each merchant.
    pub texts: Rate,
}

/// A door to a service.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    gate: Gate,
    /// What is up or down as a whole: the breaker's.
    service: String,
    merchant: MerchantId,
    rate: Rate,
}

impl Door {
    pub(crate) const fn new(gate: Gate, service: String, merchant: MerchantId, rate: Rate) -> Self {
        Self { gate, service, merchant, rate }
    }

    /// Waits for a turn to call this endpoint.
    pub(crate) async fn pass(&self, endpoint: &str) -> Result<Passage, NotNow> {
        let limit = format!("{}:{endpoint}:{}", self.service, self.merchant);
        self.gate.pass(&self.service, &limit, self.rate).await
    }
}
