//! What every handler has at hand.

use std::sync::Arc;

use entity::{Clock, Db, Documents, LinkId, Secret, Vault};
use queue::Queue;

/// What the API needs to run.
#[derive(Debug, Clone)]
pub struct Api {
    /// The database.
    pub db: Db,
    /// The queue, to ring what commands promise.
    pub queue: Queue,
    /// The store of invoices.
    pub documents: Documents,
    /// Keys.
    pub vault: Arc<Vault>,
    /// Time.
    pub clock: Clock,
    /// Where buyers, Stripe and carriers reach this installation; without a trailing slash.
    pub public_url: String,
    /// The operator's key; absent: there are no admin calls.
    pub operator_key: Option<Secret>,
}

impl Api {
    /// The buyer's page of a link.
    pub(crate) fn buyer_url(&self, link: LinkId) -> String {
        format!("{}/p/{}", self.public_url, self.vault.link_token(link).expose())
    }
}
