//! Calls to a service on behalf of one merchant, through its rate limit and circuit breaker, which learn from the
//! result.

use domain::MerchantId;
use queue::flow::{FlowControl, NotNow, Permit, Rate};

/// Limits on calls per second to external services, over all workers.
#[derive(Debug, Clone, Copy)]
pub struct OutboundLimits {
    /// For each endpoint of Stripe and each merchant.
    pub stripe: Rate,
    /// Texts to the carrier, for each merchant.
    pub texts: Rate,
}

/// Rate-limited access to one external service, for one merchant.
#[derive(Debug, Clone)]
pub(crate) struct OutboundService {
    flow: FlowControl,
    /// What the circuit breaker covers.
    service: String,
    merchant: MerchantId,
    rate: Rate,
}

impl OutboundService {
    pub(crate) const fn new(flow: FlowControl, service: String, merchant: MerchantId, rate: Rate) -> Self {
        Self { flow, service, merchant, rate }
    }

    /// Waits for a turn to call this endpoint.
    pub(crate) async fn acquire(&self, endpoint: &str) -> Result<Permit, NotNow> {
        let limit = format!("{}:{endpoint}:{}", self.service, self.merchant);
        self.flow.acquire(&self.service, &limit, self.rate).await
    }
}
