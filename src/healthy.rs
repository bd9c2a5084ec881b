//! `paylink healthy`: checks whether the process on this machine is alive, for containers without an HTTP client.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use reqwest::Client;

use crate::{error::Error, settings::Settings};

/// Timeout of the check.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the sub-command: asks the API or, in a process without one, the metrics server.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode, Error> {
    let client = Client::builder().timeout(TIMEOUT).no_proxy().build().map_err(Error::HttpClient)?;
    for address in [Some(settings.listen), settings.metrics_listen].into_iter().flatten() {
        if client
            .get(format!("http://{}/healthz", here(address)))
            .send()
            .await
            .is_ok_and(|said| said.status().is_success())
        {
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(ExitCode::FAILURE)
}

/// The address under which it is reachable from this machine.
fn here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    address
}
