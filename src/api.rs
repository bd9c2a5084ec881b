//! `paylink api`.

use std::{net::SocketAddr, time::Duration};

use ::api::Api;
use poem::{
    endpoint::BoxEndpoint,
    listener::{Acceptor, Listener, TcpAcceptor, TcpListener},
};

use crate::{
    error::Error,
    metrics::Metrics,
    parts::{Parts, public_url},
    settings::Settings,
    stop::Stop,
};

/// Runs the HTTP front until it is told to stop.
pub(crate) async fn run(settings: Settings) -> Result<(), Error> {
    let public_url = public_url(&settings)?;
    let parts = Parts::open(&settings).await?;
    let metrics = Metrics::start(&settings, &parts).await?;
    let (acceptor, address) = bind(settings.listen).await?;
    let api = parts.api(&settings, public_url);
    tracing::info!(%address, "listening");
    let stop = Stop::on_signals(Duration::from_secs(settings.stop_grace_seconds));
    stop.tells(&parts.readiness);
    parts.keep_time(&stop);
    serve(acceptor, api, metrics, &settings, &stop).await
}

/// Takes the address; with port 0, a free one.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpAcceptor, SocketAddr), Error> {
    let failed = || Error::io(format!("{address} cannot be listened on"));
    let acceptor = TcpListener::bind(address).into_acceptor().await.map_err(failed())?;
    let listening = acceptor.local_addr().iter().find_map(|local| local.as_socket_addr().copied());
    Ok((acceptor, listening.unwrap_or(address)))
}

/// Serves until it is told to stop. From then on it is not ready; who comes all the same is served until the closing, and the
/// requests in flight are finished.
pub(crate) async fn serve(
    acceptor: TcpAcceptor,
    api: Api,
    metrics: Option<BoxEndpoint<'static>>,
    settings: &Settings,
    stop: &Stop,
) -> Result<(), Error> {
    let drain = Duration::from_secs(settings.stop_within_seconds);
    ::api::serve(acceptor, api, metrics, stop.closing(), drain).await.map_err(Error::io("the HTTP front failed"))
}
