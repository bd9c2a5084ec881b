//! The addresses that a process listens on.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::error::Error;

/// Takes the address; with port 0, a free one.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = || Error::io(format!("{address} cannot be listened on"));
    let listener = TcpListener::bind(address).await.map_err(failed())?;
    let listening = listener.local_addr().map_err(failed())?;
    Ok((listener, listening))
}
