//! Starting and stopping the sandbox.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use poem::{EndpointExt, IntoEndpoint, Route, Server, get, middleware::AddData};
use reqwest::redirect;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    connections::{Connections, ResettableAcceptor},
    control, courier, front,
    model::{
        journal::{Journal, JournalError},
        state::{Config, Shared},
        tables::Tables,
    },
    options::SandboxOptions,
    shop::{self, Shops},
    sms, stripe,
};

/// How long a stop waits for requests in progress.
const GRACE: Duration = Duration::from_millis(500);

/// Why a sandbox could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address could not be bound.
    #[error("the sandbox cannot listen on {address}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The journal could not be opened or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The HTTP client for webhooks could not be created.
    #[error("the sandbox cannot deliver webhooks")]
    Client(#[source] reqwest::Error),
}

/// A running sandbox. Dropping it stops it immediately, without waiting for requests in progress.
pub struct Sandbox {
    url: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    courier: Courier,
}

/// The courier's task, aborted on drop.
struct Courier(JoinHandle<()>);

impl Drop for Courier {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Binds the address, replays the journal and serves until [`Sandbox::stop`]. Pending deliveries continue.
    ///
    /// Installs ring as the default TLS provider if the process has none, because webhooks may go to `https` URLs.
    ///
    /// # Errors
    /// Returns an error if the address is taken or the journal is invalid.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let SandboxOptions { listen, public_url, journal, stripe_keys, sms_account } = options;
        let listening = |source| SandboxError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(listening)?;
        let port = listener.local_addr().map_err(listening)?.port();
        let connections = Connections::default();
        let acceptor = ResettableAcceptor::new(listener, connections.clone()).map_err(listening)?;

        let url = public_url.unwrap_or_else(|| format!("http://127.0.0.1:{port}"));
        let (journal, tables) = match journal {
            Some(path) => Journal::open(&path).map(|(journal, tables)| (Some(journal), tables))?,
            None => (None, Tables::default()),
        };
        let client = client().map_err(SandboxError::Client)?;
        let config = Config { base: url.clone(), stripe_keys, sms_account };
        let shared = Arc::new(Shared::new(config, connections, tables, journal));

        let courier = Courier(tokio::spawn(courier::run(Arc::clone(&shared), client.clone())));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(acceptor, shared, Shops::new(client), stopped));
        Ok(Self { url, stop, server, courier })
    }

    /// The sandbox's URL: `http://127.0.0.1:PORT`, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops listening, waits up to half a second for requests in progress, and ends. Pending deliveries stay in the
    /// journal.
    pub async fn stop(self) {
        drop(self.courier);
        drop(self.stop);
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the sandbox's server did not end well");
        }
    }
}

/// Serves until the sender of `stopped` is dropped.
async fn serve(acceptor: ResettableAcceptor, shared: Arc<Shared>, shops: Shops, stopped: oneshot::Receiver<()>) {
    let stop = async {
        // Nothing is ever sent; the receiver wakes when the sender is dropped.
        stopped.await.unwrap_or_default();
    };
    let server = Server::new_with_acceptor(acceptor).name("sandbox");
    if let Err(error) = server.run_with_graceful_shutdown(routes(shared, shops), stop, Some(GRACE)).await {
        tracing::error!(%error, "the sandbox's server ended");
    }
}

fn routes(shared: Arc<Shared>, shops: Shops) -> impl IntoEndpoint {
    Route::new()
        .at("/", get(sms::pages::index))
        .at("/outbox", get(sms::pages::outbox).post(sms::pages::reply))
        .at("/pay/:slug", get(stripe::pages::open).post(stripe::pages::pay))
        .at("/pay/:slug/:what", get(stripe::pages::afterwards))
        .at("/shop", get(shop::show).put(shop::open))
        .at("/stripe/*path", front::stripe_api)
        .at("/sms/2010-04-01/Accounts/:account/Messages/:message/Media/:name", get(sms::media::of_account))
        .at("/sms/*path", front::sms_api)
        .at("/media/:name", get(sms::media::elsewhere))
        .nest("/_control", control::routes())
        .with(AddData::new(shared))
        .with(AddData::new(shops))
}

fn client() -> reqwest::Result<reqwest::Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // If another thread was faster, its provider is used.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    reqwest::Client::builder().user_agent("Stripe/1.0 (sandbox)").redirect(redirect::Policy::none()).no_proxy().build()
}
