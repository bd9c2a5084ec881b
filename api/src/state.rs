//! The state shared by all handlers.

use std::{ops::Deref, sync::Arc};

use domain::{Clock, CreditPack, LinkId, Secret, Vault, gateway::GatewayPolicy};
use entity::{Db, Documents, operator::OperatorKeys};
use ipnet::IpNet;
use queue::Queue;

use crate::{
    Quotas, Readiness,
    auth::watch::Watch,
    held_keys::HeldKeys,
    http::{budget::Budgets, serialized::Serializers, throttle::Throttles, turns::Turns},
    quotas::Backlogs,
};

/// Everything that handlers need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Api(Arc<Inner>);

/// The parts of an [`Api`].
#[derive(Debug)]
pub struct ApiParts {
    /// The database.
    pub db: Db,
    /// Enqueues the jobs of commands and notifies Redis of them.
    pub queue: Queue,
    /// The document store.
    pub documents: Documents,
    /// The secret keys.
    pub vault: Arc<Vault>,
    /// The clock.
    pub clock: Clock,
    /// The URL at which buyers, Stripe and carriers reach this installation, without a trailing slash.
    pub public_url: String,
    /// Whether this process can take work.
    pub readiness: Readiness,
    /// The operators' keys. Without any there are no admin calls.
    pub operators: OperatorKeys,
    /// What the gateways of merchants may be.
    pub gateways: GatewayPolicy,
    /// Whether webhooks may go to private networks and over plain HTTP.
    pub private_webhooks: bool,
    /// The proxies whose forwarding headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Other origins whose pages may call the API with a key.
    pub cors_origins: Vec<String>,
    /// The requests per second of all keys of a merchant; 0 is unlimited.
    pub requests_per_second: u32,
    /// The quotas of each merchant.
    pub quotas: Quotas,
    /// The sale of credits.
    pub credit_sales: CreditSales,
}

/// The operator's sale of credits.
#[derive(Debug, Clone, Default)]
pub struct CreditSales {
    /// The packs; empty if credits are not sold.
    pub packs: Vec<CreditPack>,
    /// The signing secrets of the operator's Stripe webhooks.
    pub webhook_secrets: Vec<Secret>,
}

/// The parts and the API's own state.
#[derive(Debug)]
pub struct Inner {
    parts: ApiParts,
    pub(crate) throttles: Throttles,
    pub(crate) turns: Turns,
    /// The turns of long reads.
    pub(crate) readers: Turns,
    pub(crate) serializers: Serializers,
    pub(crate) budgets: Budgets,
    pub(crate) backlogs: Backlogs,
    pub(crate) watch: Watch,
    pub(crate) held_keys: HeldKeys,
}

impl Api {
    /// Creates an API from its parts.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        let connections = parts.db.pool_use().most;
        // Serializing long answers takes a CPU, so one merchant gets at most one turn per CPU.
        let processors =
            std::thread::available_parallelism().map_or(1, |all| u32::try_from(all.get()).unwrap_or(u32::MAX));
        let readers = Turns::with_connections(connections.min(processors.saturating_mul(2)));
        let turns = Turns::with_connections(connections);
        let watch = Watch::new(parts.db.clone(), parts.clock.clone());
        let held_keys = HeldKeys::new(parts.db.clone(), parts.clock.clone());
        let budgets = Budgets::new(parts.requests_per_second, &parts.queue);
        let (throttles, backlogs) = (Throttles::default(), Backlogs::default());
        let serializers = Serializers::default();
        Self(Arc::new(Inner { parts, throttles, turns, readers, serializers, budgets, backlogs, watch, held_keys }))
    }

    /// The buyer's page of a link.
    pub(crate) fn buyer_url(&self, link: LinkId) -> String {
        self.vault.buyer_url(&self.public_url, link)
    }

    /// The URL where an invitation to a key is accepted.
    pub(crate) fn invitation_url(&self, token: &Secret) -> String {
        format!("{}/invitation/{}", self.public_url, token.expose())
    }

    /// Whether browsers reach us over TLS.
    pub(crate) fn is_behind_tls(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

impl Deref for Api {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Deref for Inner {
    type Target = ApiParts;

    fn deref(&self) -> &ApiParts {
        &self.parts
    }
}
