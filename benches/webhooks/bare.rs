//! The minimum cost of a webhook: a bare handler that verifies the same signature and, if told to, parses the event and
//! pushes its id to Redis.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use poem::{
    Body, EndpointExt, Request, Route, Server, handler,
    http::StatusCode,
    listener::{Acceptor, Listener, TcpListener},
    post,
    web::Data,
};
use redis::aio::MultiplexedConnection;
use ring::hmac;
use serde::Deserialize;

use super::{cpu::Part, events::SECRET, support::OwnRedis};

/// The server, as a process of its own.
#[derive(Debug)]
pub(crate) struct Bare {
    process: Child,
    pub(crate) address: SocketAddr,
    pushes: bool,
}

impl Bare {
    pub(crate) fn start(redis: Option<&str>) -> Self {
        Self::of("serve-bare", redis)
    }

    /// One of this program's servers.
    pub(crate) fn of(server: &str, redis: Option<&str>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.arg(server).args(redis).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().parse().unwrap(), pushes: redis.is_some() }
    }

    pub(crate) fn parts(&self, redis: &OwnRedis) -> Vec<Part> {
        let server = Part::new("server", &self.process);
        if self.pushes { vec![server, Part { name: "redis", process: redis.id() }] } else { vec![server] }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[derive(Clone)]
struct State {
    key: Arc<hmac::Key>,
    redis: Option<MultiplexedConnection>,
}

/// Serves until it is killed; prints its address.
pub(crate) async fn serve(redis: Option<String>) {
    let redis = match redis {
        Some(url) => Some(redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()),
        None => None,
    };
    let state = State { key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes())), redis };
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    println!("{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
    let routes = Route::new().at("/webhooks/stripe/:merchant", post(receive)).data(state);
    Server::new_with_acceptor(acceptor).run(routes).await.unwrap();
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
}

#[handler]
async fn receive(state: Data<&State>, request: &Request, body: Body) -> StatusCode {
    let body = body.into_bytes().await.unwrap();
    let Some((time, signature)) = request.header("Stripe-Signature").and_then(|header| header.split_once(",v1="))
    else {
        return StatusCode::BAD_REQUEST;
    };
    let signed = [time.trim_start_matches("t=").as_bytes(), b".", &body].concat();
    let bytes: Option<Vec<u8>> = signature
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    if bytes.is_none_or(|bytes| hmac::verify(&state.key, &signed, &bytes).is_err()) {
        return StatusCode::BAD_REQUEST;
    }
    if let Some(redis) = &state.redis {
        let Ok(Envelope { id }) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
        let pushed = redis::cmd("LPUSH").arg("bench").arg(id).exec_async(&mut redis.clone()).await;
        return if pushed.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    }
    StatusCode::OK
}
