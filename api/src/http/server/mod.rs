//! The HTTP server: hyper under an accept loop of our own. Poem's server waits for silent clients forever, and spins
//! when it runs out of file descriptors.
//!
//! Clients cannot block each other: request heads, bodies and responses have deadlines, connections that exceed them
//! are closed, and when the connection limit is reached, idle ones are closed first. A read ends with its connection; a
//! command does not.

mod answer;
mod connections;
mod socket;

use std::{
    convert::Infallible, future::Future, io, net::SocketAddr, panic::resume_unwind, pin::pin, sync::Arc, time::Duration,
};

use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use poem::{
    Endpoint, EndpointExt, Response,
    http::{StatusCode, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinError,
    time::Instant,
};

use self::{
    answer::ResponseBody,
    connections::{ConnectionGuard, Connections, HttpConnection},
    socket::Socket,
};

/// The largest head of an HTTP/1 request, and the size of a body's buffer.
const BUFFER: usize = 64 * 1024;

/// The most streams of an HTTP/2 connection.
const STREAMS: u32 = 100;
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 512 * 1024;
const HEADERS: u32 = 16 * 1024;

/// How often an HTTP/2 client that waits for an answer is pinged.
const PING: Duration = Duration::from_secs(30);

/// Below it are Stripe's webhooks. One whose sender goes away is broken off like a read, since Stripe sends it again for
/// days; carriers may not, so theirs are completed.
const STRIPE_WEBHOOKS: &str = "/webhooks/stripe/";

/// How long a connection may take to shut down cleanly.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long the accept loop waits before it looks for room again.
const REST: Duration = Duration::from_millis(100);

/// How often a full server is logged.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// The timeouts of connections.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a whole head, from its first byte or the connection's beginning.
    pub head: Duration,
    /// For the next request. Longer than the minute after which most load balancers close.
    pub idle: Duration,
    /// For the client to accept any part of an answer.
    pub stuck: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [head, idle, stuck] = [30, 75, 30].map(Duration::from_secs);
        Self { head, idle, stuck }
    }
}

/// The progress of stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StopPhase {
    Serving,
    /// Finishing requests in flight.
    Draining,
    /// Dropping unfinished requests.
    Over,
}

/// A listening server.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    most: usize,
    patience: Patience,
}

impl Server {
    /// Serves this listener with at most this many connections at once.
    #[must_use]
    pub fn new(listener: TcpListener, most_connections: usize) -> Self {
        Self { listener, most: most_connections, patience: Patience::default() }
    }

    /// Serves until `stop` resolves, then finishes the requests in flight, for at most `drain`.
    ///
    /// # Errors
    /// Returns an error if the listener has no address.
    pub async fn run<E>(self, endpoint: E, stop: impl Future<Output = ()> + Send, drain: Duration) -> io::Result<()>
    where
        E: Endpoint + 'static,
    {
        let connections = Connections::default();
        let phase = watch::Sender::new(StopPhase::Serving);
        let served = Served {
            endpoint: Arc::new(endpoint.map_to_response()),
            protocol: protocol(),
            local: LocalAddr(self.listener.local_addr()?.into()),
            phase: phase.subscribe(),
        };
        tokio::select! {
            () = stop => {}
            () = connections.close_overdue(self.patience) => {}
            () = accept(&self.listener, self.most, &connections, served) => {}
        }
        drop(self.listener);
        phase.send_replace(StopPhase::Draining);
        if tokio::time::timeout(drain, connections.all_end()).await.is_err() {
            phase.send_replace(StopPhase::Over);
            connections.all_end().await;
        }
        Ok(())
    }
}

fn protocol() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .max_send_buf_size(BUFFER)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    builder
}

/// Accepts connections forever.
async fn accept<E>(listener: &TcpListener, most: usize, connections: &Connections, served: Served<E>)
where
    E: Endpoint<Output = Response> + 'static,
{
    let served = Arc::new(served);
    let mut told: Option<Instant> = None;
    loop {
        let why = if connections.count() < most {
            match listener.accept().await {
                Ok((stream, address)) => {
                    let place = connections.enter(address.ip());
                    tokio::spawn(Arc::clone(&served).serve(stream, address, place));
                    continue;
                }
                // The client has already gone.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => error.to_string(),
            }
        } else {
            format!("there are {most} connections, the most that there may be")
        };
        let closed = connections.make_room(most.div_ceil(16));
        if told.is_none_or(|at| at.elapsed() > TOLD_EVERY) {
            told = Some(Instant::now());
            tracing::warn!(why, closed, "nobody can connect for now; idle connections are closed");
        }
        connections.one_ends(REST).await;
    }
}

/// Resolves when a closing connection has had its time. A request that arrived at the last moment is answered.
async fn goodbye(connection: &HttpConnection) {
    tokio::time::sleep(GOODBYE).await;
    while connection.is_of_use() {
        tokio::time::sleep(GOODBYE).await;
    }
}

/// Completes a command even if its client goes away meanwhile, so that whoever repeats it finds its answer, and not a
/// key that is in use. Only the end of the server breaks it off.
async fn completed(
    answering: impl Future<Output = Response> + Send + 'static,
    mut phase: watch::Receiver<StopPhase>,
) -> Response {
    let completing = tokio::spawn(async move {
        tokio::select! {
            answer = answering => answer,
            _ = phase.wait_for(|phase| *phase >= StopPhase::Over) => StatusCode::SERVICE_UNAVAILABLE.into(),
        }
    });
    match completing.await.map_err(JoinError::try_into_panic) {
        Ok(answer) => answer,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => StatusCode::SERVICE_UNAVAILABLE.into(),
    }
}

/// What all connections share.
struct Served<E> {
    endpoint: Arc<E>,
    protocol: Builder<TokioExecutor>,
    local: LocalAddr,
    phase: watch::Receiver<StopPhase>,
}

impl<E: Endpoint<Output = Response> + 'static> Served<E> {
    async fn serve(self: Arc<Self>, stream: TcpStream, address: SocketAddr, place: ConnectionGuard) {
        // Answers are small and complete, so there is nothing to gain from waiting for more data.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it began");
            return;
        }
        let connection = &place.connection;
        let answer = |request: Request<Incoming>| {
            let in_flight = connection.begin();
            let is_command = !request.method().is_safe() && !request.uri().path().starts_with(STRIPE_WEBHOOKS);
            let request = (request, self.local.clone(), RemoteAddr(address.into()), Scheme::HTTP).into();
            let endpoint = Arc::clone(&self.endpoint);
            // Boxed, because the future is large and each layer would move it.
            let answering = Box::pin(async move { endpoint.get_response(request).await });
            let phase = self.phase.clone();
            async move {
                let answer = if is_command { completed(answering, phase).await } else { answering.await };
                let answer: hyper::Response<_> = answer.into();
                Ok::<_, Infallible>(answer.map(|body| ResponseBody::new(body, in_flight)))
            }
        };
        let socket = TokioIo::new(Socket::new(stream, Arc::clone(connection)));
        let mut serving = pin!(self.protocol.serve_connection(socket, service_fn(answer)));
        let mut phase = self.phase.clone();
        let is_closed = tokio::select! {
            _ = serving.as_mut() => return,
            () = connection.told_to_close() => true,
            _ = phase.wait_for(|phase| *phase >= StopPhase::Draining) => false,
        };
        serving.as_mut().graceful_shutdown();
        tokio::select! {
            _ = serving => {}
            () = goodbye(connection), if is_closed => {}
            _ = phase.wait_for(|phase| *phase >= StopPhase::Over) => {}
        }
    }
}
