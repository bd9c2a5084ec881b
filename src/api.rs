//! `paylink api`.

use std::{net::SocketAddr, time::Duration};

use ::api::{Api, Server};
use poem::endpoint::BoxEndpoint;
use tokio::net::TcpListener;

use crate::{
    error::Error,
    listen::bind,
    metrics::Metrics,
    open_files,
    parts::{Parts, public_url},
    role::Role,
    settings::Settings,
    stop::Stop,
    surroundings::Surroundings,
};

/// Runs the HTTP API until it is told to stop. Calls `listening` with the address once it listens.
///
/// # Errors
/// Returns an error if a dependency cannot be opened or the address cannot be bound.
pub async fn run(settings: Settings, around: &Surroundings, listening: impl FnOnce(SocketAddr)) -> Result<(), Error> {
    let public_url = public_url(&settings)?;
    let parts = Parts::open(&settings, Role::Api, around.clock.clone()).await?;
    let metrics = Metrics::start(&settings, &parts).await?;
    let (listener, address) = bind(settings.listen).await?;
    let api = parts.api(&settings, public_url);
    tracing::info!(%address, "listening");
    around.stop.ends_readiness(&parts.readiness);
    parts.look_at_redis();
    parts.keep_time(&around.stop);
    listening(address);
    serve(listener, api, metrics, &settings, &around.stop).await
}

/// Serves until it is told to stop. From then on it reports not ready, but still accepts requests until the closing,
/// and finishes those in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    api: Api,
    metrics: Option<BoxEndpoint<'static>>,
    settings: &Settings,
    stop: &Stop,
) -> Result<(), Error> {
    let drain = Duration::from_secs(settings.stop_within_seconds);
    let server = Server::new(listener, open_files::for_connections());
    server.run(::api::routes(api, metrics), stop.closing(), drain).await.map_err(Error::io("the HTTP front failed"))
}
