//! A misbehaving gateway: it answers as it is told to, and counts its calls.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::stream;
use poem::{Body, EndpointExt, Response, Route, handler, http::StatusCode, post, web::Data};
use tokio::task::JoinHandle;

use super::http::{listen, serve};

/// How it answers a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Accepts every text.
    Takes,
    /// Redirects, to a place where the text would be accepted.
    Redirects(u16),
    /// Refuses the text, after more bytes than are read.
    RefusesAtLength,
    /// Accepts every text, with an answer that the description does not cover.
    Mumbles,
    /// Never ends its answer.
    NeverEnds,
}

/// A running gateway. It ends with the test.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) url: String,
    counts: Counts,
    server: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    calls: Arc<AtomicUsize>,
    elsewhere: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

impl Gateway {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::start_at(0, manner).await
    }

    /// Starts one at a free port.
    pub(crate) async fn start_at(port: u16, manner: Manner) -> Self {
        let counts = Counts::default();
        let (acceptor, address) = listen(port).await;
        let routes = Route::new().at("/send", post(send)).at("/elsewhere", elsewhere).data(manner).data(counts.clone());
        let server = serve(acceptor, routes.boxed());
        Self { url: format!("http://{address}/send"), counts, server }
    }

    /// How often a text was handed over.
    pub(crate) fn calls(&self) -> usize {
        self.counts.calls.load(Ordering::Relaxed)
    }

    /// How often a redirect was followed.
    pub(crate) fn calls_elsewhere(&self) -> usize {
        self.counts.elsewhere.load(Ordering::Relaxed)
    }

    /// How much of its answers was read.
    pub(crate) fn bytes(&self) -> usize {
        self.counts.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[handler]
fn send(Data(manner): Data<&Manner>, Data(counts): Data<&Counts>) -> Response {
    counts.calls.fetch_add(1, Ordering::Relaxed);
    match *manner {
        Manner::Takes => Response::builder().content_type("application/json").body(r#"{"id": "g-1"}"#),
        Manner::Mumbles => Response::builder().body("OK"),
        Manner::Redirects(status) => {
            Response::builder().status(StatusCode::from_u16(status).unwrap()).header("Location", "/elsewhere").finish()
        }
        Manner::RefusesAtLength => {
            let words = "x".repeat(100 * 1024);
            Response::builder()
                .content_type("application/json")
                .body(format!(r#"{{"words": "{words}", "error": {{"code": "bad_number"}}}}"#))
        }
        Manner::NeverEnds => Response::builder().body(endless(counts.bytes.clone())),
    }
}

#[handler]
fn elsewhere(Data(counts): Data<&Counts>) -> &'static str {
    counts.elsewhere.fetch_add(1, Ordering::Relaxed);
    r#"{"id": "g-1"}"#
}

/// Endless bytes, counted as they are read.
fn endless(taken: Arc<AtomicUsize>) -> Body {
    Body::from_bytes_stream(stream::repeat_with(move || {
        let words = vec![b' '; 16 * 1024];
        taken.fetch_add(words.len(), Ordering::Relaxed);
        Ok::<_, io::Error>(words)
    }))
}
