//! A connection between two programs that a test can cut.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
    task::AbortHandle,
};

/// What the connection does with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Passes it on.
    Open,
    /// Holds it, so that both ends believe the other is silent.
    Held,
}

/// Accepts connections and forwards them. It ends with the test.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    line: watch::Sender<Line>,
    target: watch::Sender<u16>,
    task: AbortHandle,
}

impl Proxy {
    /// A proxy to a port of this machine.
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (line, target) = (watch::Sender::new(Line::Open), watch::Sender::new(target));
        let (lines, targets) = (line.subscribe(), target.subscribe());
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(connect(near, *targets.borrow(), lines.clone()));
            }
        });
        Self { port, line, target, task: task.abort_handle() }
    }

    /// Changes what the connection does.
    pub(crate) fn is(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// Sends new connections there.
    pub(crate) fn leads_to(&self, target: u16) {
        self.target.send_replace(target);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(near: TcpStream, target: u16, line: watch::Receiver<Line>) {
    let Ok(far) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], target))).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::join!(pass(near_in, far_out, line.clone()), pass(far_in, near_out, line));
}

/// Forwards what one end sends, until it ends; held data is sent later, in order.
async fn pass(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        // The proxy is gone, and with it the test.
        if line.wait_for(|line| *line == Line::Open).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
