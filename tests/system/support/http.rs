//! An HTTP client from outside. Every answer is searched for secrets, and validated against the description of the API.

use std::{
    net::SocketAddr,
    sync::{
        LazyLock, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use poem::{
    Server,
    endpoint::BoxEndpoint,
    listener::{Acceptor, Listener, TcpAcceptor, TcpListener},
};
use reqwest::{
    Client, Method, Request, RequestBuilder,
    header::{CONTENT_TYPE, HeaderMap},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::{
    runtime::{self, Runtime},
    task::{JoinHandle, JoinSet},
};

use super::{described, hush::Hush, wait::eventually};

/// An HTTP client of the product, with or without a key.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    base: String,
    key: Option<String>,
    hush: Hush,
}

impl Http {
    /// Without a key.
    pub(crate) fn new(base: &str, hush: &Hush) -> Self {
        Self { client: client(), base: base.to_owned(), key: None, hush: hush.clone() }
    }

    /// The same with a key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// What must not leak.
    pub(crate) fn hush(&self) -> &Hush {
        &self.hush
    }

    /// Starts a request, to be completed and given to [`Self::ask`]. Takes a path or a whole URL.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.client.request(method, url);
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends a request; if there is no answer the test fails.
    pub(crate) async fn ask(&self, request: RequestBuilder) -> Answer {
        self.try_ask(request).await.unwrap()
    }

    /// Sends a request that may stay unanswered.
    pub(crate) async fn try_ask(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build()?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let is_ours = request.url().as_str().starts_with(&self.base);
        let call = format!("{method} {path}");
        let (status, headers, body) = on_the_line(answer(self.client.clone(), request)).await?;
        self.hush.listen_to_answer(&call, &body);
        let answer = Answer { call, status, headers, body };
        if is_ours && status != 405 {
            described::check(&method, &path, status, answer.content_type(), &answer.body);
        }
        Ok(answer)
    }

    /// Repeats a command with the same key until the answer is not a temporary error, as a good client does.
    pub(crate) async fn insists(&self, request: impl Fn() -> RequestBuilder) -> Answer {
        static KEYS: AtomicU64 = AtomicU64::new(1);
        let key = format!("insists-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        eventually("a command is answered", async || {
            let answer = self.ask(request().header("Idempotency-Key", &key)).await;
            let is_still_done = answer.status == 409 && answer.json()["code"] == "idempotency_key_in_use";
            (answer.status < 500 && !is_still_done).then_some(answer)
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(self.request(Method::PUT, path).json(body)).await
    }

    /// All items of a list, page by page.
    pub(crate) async fn whole_list(&self, path: &str, limit: usize) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(&format!("{path}{mark}limit={limit}{cursor}")).await.with_status(200).json();
            let found = page["items"].as_array().unwrap();
            assert!(found.len() <= limit, "a page of {path} is longer than was asked for");
            items.extend(found.iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

async fn answer(client: Client, request: Request) -> reqwest::Result<(u16, HeaderMap, Vec<u8>)> {
    let response = client.execute(request).await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok((status, headers, response.bytes().await?.to_vec()))
}

/// Runs on threads shared by all tests, for connections: one that the product closes is then closed here too, at once,
/// even while a test waits for the product to stop. Otherwise each stop takes the second for which a server waits for
/// the client.
pub(super) async fn on_the_line<T: Send + 'static>(what: impl Future<Output = T> + Send + 'static) -> T {
    // Dropping the future aborts it.
    let mut task = JoinSet::new();
    task.spawn_on(what, LINE.handle());
    task.join_next().await.unwrap().unwrap()
}

/// Serves there until the task is aborted, so that it answers the product also while that stops and the test waits.
pub(super) fn serve(acceptor: TcpAcceptor, routes: BoxEndpoint<'static>) -> JoinHandle<()> {
    let serving = Server::new_with_acceptor(acceptor).run(routes);
    LINE.spawn(async move { serving.await.unwrap() })
}

/// Listens there, at this port or a free one. Returns the address.
pub(super) async fn listen(port: u16) -> (TcpAcceptor, SocketAddr) {
    let bind = async move { TcpListener::bind(("127.0.0.1", port)).into_acceptor().await.unwrap() };
    let acceptor = on_the_line(bind).await;
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    (acceptor, address)
}

static LINE: LazyLock<Runtime> =
    LazyLock::new(|| runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// Installs the TLS provider of this process, unless the product was first.
pub(crate) fn use_tls() {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// A client without redirects, so that tests see them. There is one per thread, and so one per test. It trusts no
/// certificates: loading those of the machine takes longer than most of its uses, and tests only use plain HTTP. It
/// reuses no connection that the server may be closing, which it does after 75 seconds.
pub(crate) fn client() -> Client {
    thread_local!(static CLIENT: Client = {
        use_tls();
        let nobody = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        Client::builder()
            .redirect(Policy::none())
            .pool_idle_timeout(Duration::from_secs(30))
            .tls_backend_preconfigured(nobody)
            .build()
            .unwrap()
    });
    CLIENT.with(Client::clone)
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    call: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Checks the status.
    #[track_caller]
    pub(crate) fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}", self.call, self.text());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.call, self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn content_type(&self) -> &str {
        self.header(CONTENT_TYPE.as_str())
    }

    /// The body of a problem with this status and code.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        let answer = self.with_status(status);
        assert_eq!(answer.content_type(), "application/problem+json", "{}", answer.call);
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{}: {problem}", answer.call);
        assert_eq!(problem["status"], status, "{}: {problem}", answer.call);
        problem
    }
}
