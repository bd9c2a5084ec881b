//! The way out to a service, for the calls of one merchant: through its limit and its breaker, and back with what came of it.

use entity::MerchantId;
use queue::flow::{Gate, NotNow, Rate};

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

    /// Waits for a turn to call this endpoint. [`Self::answered`] or [`Self::failed`] is to follow.
    pub(crate) async fn pass(&self, endpoint: &str) -> Result<(), NotNow> {
        let limit = format!("{}:{endpoint}:{}", self.service, self.merchant);
        self.gate.pass(&self.service, &limit, self.rate).await
    }

    /// The service answered, whatever it said.
    pub(crate) fn answered(&self) {
        self.gate.answered(&self.service);
    }

    /// It did not, or not as one that works.
    pub(crate) fn failed(&self) {
        self.gate.failed(&self.service);
    }
}
