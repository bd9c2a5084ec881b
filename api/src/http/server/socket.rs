//! A connection's socket. It records activity, and closes without losing the end of a response.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

use super::connections::HttpConnection;

/// After the last answer, further input is read and discarded, because closing while the client sends would make it
/// lose the answer. The limits are the total time, the number of bytes, and the time without input.
const LINGER: Duration = Duration::from_secs(10);
const LINGER_BYTES: usize = 16 * 1024 * 1024;
const QUIET: Duration = Duration::from_secs(1);

/// A socket; see the module.
pub(super) struct Socket {
    stream: TcpStream,
    connection: Arc<HttpConnection>,
    is_shut: bool,
    lingering: Option<Lingering>,
}

struct Lingering {
    quiet: Pin<Box<Sleep>>,
    end: Instant,
    left: usize,
}

impl Lingering {
    fn begin() -> Self {
        Self { quiet: Box::pin(sleep(QUIET)), end: Instant::now() + LINGER, left: LINGER_BYTES }
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, connection: Arc<HttpConnection>) -> Self {
        Self { stream, connection, is_shut: false, lingering: None }
    }

    /// Resolves when the client has closed too, or at a limit.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(lingering) = &mut self.lingering else { return Poll::Ready(()) };
        let mut buffer = [0; 8 * 1024];
        while lingering.left > 0 && lingering.quiet.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut buffer);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            lingering.left = lingering.left.saturating_sub(buffer.filled().len());
            lingering.quiet.as_mut().reset(lingering.end.min(Instant::now() + QUIET));
        }
        Poll::Ready(())
    }

    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.connection.set_stuck(written.is_pending());
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.stream).poll_read(cx, buffer));
        if buffer.filled().len() > before {
            this.connection.heard();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buffer);
        this.noted(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, buffers);
        this.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_shut {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.is_shut = true;
            this.lingering = this.connection.has_just_answered().then(Lingering::begin);
        }
        this.poll_linger(cx).map(Ok)
    }
}
