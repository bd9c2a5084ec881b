//! TCP connections that can be reset or closed without an answer, as on a broken network, and that report when their client has left.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use poem::{
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What is known of one connection.
#[derive(Debug, Default)]
struct OpenConnection {
    /// It takes no more bytes.
    is_reset: AtomicBool,
    /// The client has closed it.
    left: Notify,
}

/// Every open connection, by the address of its other end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Mutex<HashMap<SocketAddr, Arc<OpenConnection>>>>);

impl Connections {
    /// From now on the connection to `peer` takes no more bytes; the next write ends it with a TCP reset.
    pub(crate) fn reset(&self, peer: &RemoteAddr) {
        if let Some(line) = self.line(peer) {
            line.is_reset.store(true, Ordering::Release);
        }
    }

    /// Waits until the client at `peer` has left. (The server in between only notices when it writes.)
    pub(crate) async fn left(&self, peer: &RemoteAddr) {
        if let Some(line) = self.line(peer) {
            line.left.notified().await;
        }
    }

    fn line(&self, peer: &RemoteAddr) -> Option<Arc<OpenConnection>> {
        peer.as_socket_addr().and_then(|peer| self.lock().get(peer).cloned())
    }

    fn register(&self, peer: SocketAddr) -> Arc<OpenConnection> {
        let line = Arc::<OpenConnection>::default();
        self.lock().insert(peer, Arc::clone(&line));
        line
    }

    fn forget(&self, peer: SocketAddr, line: &Arc<OpenConnection>) {
        let mut lines = self.lock();
        // The port may have been taken by a new connection already, whose entry stays.
        if lines.get(&peer).is_some_and(|current| Arc::ptr_eq(current, line)) {
            lines.remove(&peer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<OpenConnection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections that [`Connections`] knows.
#[derive(Debug)]
pub(crate) struct ResettableAcceptor {
    listener: TcpListener,
    local: SocketAddr,
    connections: Connections,
}

impl ResettableAcceptor {
    pub(crate) fn new(listener: TcpListener, connections: Connections) -> io::Result<Self> {
        let local = listener.local_addr()?;
        Ok(Self { listener, local, connections })
    }
}

impl Acceptor for ResettableAcceptor {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.local.into())]
    }

    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        let (stream, peer) = self.listener.accept().await?;
        let line = self.connections.register(peer);
        let connections = self.connections.clone();
        let connection = Connection { stream, peer, line, connections };
        Ok((connection, LocalAddr(self.local.into()), RemoteAddr(peer.into()), Scheme::HTTP))
    }
}

/// A TCP stream that refuses to write once it is to be reset, and is then closed with a reset.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    line: Arc<OpenConnection>,
    connections: Connections,
}

impl Connection {
    fn is_reset(&self) -> bool {
        self.line.is_reset.load(Ordering::Acquire)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        let ended = match &result {
            Poll::Ready(Ok(())) => buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if ended {
            self.line.left.notify_one();
        }
        result
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_reset() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_reset()
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::debug!(%error, "the connection closes politely instead of with a reset");
        }
        self.connections.forget(self.peer, &self.line);
    }
}
