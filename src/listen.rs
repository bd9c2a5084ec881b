//! Listening on addresses.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::error::Error;

/// Binds the address; with port 0, a free port.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = || Error::io(format!("{address} cannot be listened on"));
    let listener = TcpListener::bind(address).await.map_err(failed())?;
    let listening = listener.local_addr().map_err(failed())?;
    Ok((listener, listening))
}
