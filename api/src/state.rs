//! The state shared by all handlers.

use std::{ops::Deref, sync::Arc};

use domain::{Clock, CreditPack, LinkId, Secret, Vault, gateway::GatewayPolicy};
use entity::{Db, Documents, operator::OperatorKeys};
use ipnet::IpNet;
use queue::Queue;

use crate::{
    Quotas, Readiness,
    auth::watch::Watch,
    http::{budget::Budgets, serialized::Serializers, throttle::Throttles, turns::Turns},
    quotas::Backlogs,
};

/// What the API needs to run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Api(Arc<Inner>);

/// The parts of an [`Api`].
#[derive(Debug)]
pub struct ApiParts {
    /// The database.
    pub db: Db,
    /// The queue, to notify Redis of the jobs that commands enqueue.
    pub queue: Queue,
    /// The store of invoices.
    pub documents: Documents,
    /// Keys.
    pub vault: Arc<Vault>,
    /// Time.
    pub clock: Clock,
    /// Where buyers, Stripe and carriers reach this installation; without a trailing slash.
    pub public_url: String,
    /// Whether this process can take work.
    pub readiness: Readiness,
    /// The operators' keys; with none there are no admin calls.
    pub operators: OperatorKeys,
    /// What gateways that merchants describe may be.
    pub gateways: GatewayPolicy,
    /// Whether webhooks may go to private networks, and by plain HTTP.
    pub private_webhooks: bool,
    /// The proxies whose word is taken for where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// Other origins whose pages may call the API with a key.
    pub cors_origins: Vec<String>,
    /// How many requests a second a merchant's keys may make together; 0 is as many as wanted.
    pub requests_per_second: u32,
    /// What one merchant may have at most.
    pub quotas: Quotas,
    /// What credits are sold for.
    pub credit_sales: CreditSales,
}

/// What the operator sells credits for, and what its own Stripe signs with.
#[derive(Debug, Clone, Default)]
pub struct CreditSales {
    /// The packs; none where no credits are sold.
    pub packs: Vec<CreditPack>,
    /// What webhooks of the operator's Stripe are signed with.
    pub webhook_secrets: Vec<Secret>,
}

/// The parts, and what the API makes for itself.
#[derive(Debug)]
pub struct Inner {
    parts: ApiParts,
    pub(crate) throttles: Throttles,
    pub(crate) turns: Turns,
    /// Whose turn it is to read much.
    pub(crate) readers: Turns,
    pub(crate) serializers: Serializers,
    pub(crate) budgets: Budgets,
    pub(crate) backlogs: Backlogs,
    pub(crate) watch: Watch,
}

impl Api {
    /// An API of these parts.
    #[must_use]
    pub fn new(parts: ApiParts) -> Self {
        let connections = parts.db.pool_use().most;
        // To put much into words takes a processor: one merchant has all of them at most.
        let processors =
            std::thread::available_parallelism().map_or(1, |all| u32::try_from(all.get()).unwrap_or(u32::MAX));
        let readers = Turns::with_connections(connections.min(processors.saturating_mul(2)));
        let turns = Turns::with_connections(connections);
        let watch = Watch::new(parts.db.clone(), parts.clock.clone());
        let budgets = Budgets::new(parts.requests_per_second, &parts.queue);
        let (throttles, backlogs) = (Throttles::default(), Backlogs::default());
        let serializers = Serializers::default();
        Self(Arc::new(Inner { parts, throttles, turns, readers, serializers, budgets, backlogs, watch }))
    }

    /// The buyer's page of a link.
    pub(crate) fn buyer_url(&self, link: LinkId) -> String {
        self.vault.buyer_url(&self.public_url, link)
    }

    /// Where an invitation to a key is accepted.
    pub(crate) fn invitation_url(&self, token: &Secret) -> String {
        format!("{}/invitation/{}", self.public_url, token.expose())
    }

    /// Whether browsers reach us by TLS.
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
