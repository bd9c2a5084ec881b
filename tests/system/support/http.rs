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

/// Somebody who speaks HTTP to the product, with a key or without.
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

    /// What must not be told.
    pub(crate) fn hush(&self) -> &Hush {
        &self.hush
    }

    /// A request, to be completed and given to [`Self::ask`]. A path, or a whole URL.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.client.request(method, url);
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// Sends a request; one that is not answered at all fails the test.
    pub(crate) async fn ask(&self, request: RequestBuilder) -> Answer {
        self.try_ask(request).await.unwrap()
    }

    /// Sends a request that may stay without an answer.
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

    /// Sends a command again under the same key until it is answered by anything but that it cannot be done now, as a
    /// good client does.
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

    /// Every item of a list, page by page.
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

/// Does it on threads that all tests share, for what is spoken over connections: one that the product ends is then
/// ended here too, at once, even while a test waits for the product to stop and does nothing else. Otherwise each stop
/// takes the second for which a server waits for the other side.
pub(super) async fn on_the_line<T: Send + 'static>(what: impl Future<Output = T> + Send + 'static) -> T {
    // Whoever does not wait any more has it ended.
    let mut task = JoinSet::new();
    task.spawn_on(what, LINE.handle());
    task.join_next().await.unwrap().unwrap()
}

/// Serves there until the task is ended: so somebody whom the product calls answers it also while it stops and the test
/// waits for that.
pub(super) fn serve(acceptor: TcpAcceptor, routes: BoxEndpoint<'static>) -> JoinHandle<()> {
    let serving = Server::new_with_acceptor(acceptor).run(routes);
    LINE.spawn(async move { serving.await.unwrap() })
}

/// Listens there, at this port or one that is free: the address.
pub(super) async fn listen(port: u16) -> (TcpAcceptor, SocketAddr) {
    let bind = async move { TcpListener::bind(("127.0.0.1", port)).into_acceptor().await.unwrap() };
    let acceptor = on_the_line(bind).await;
    let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
    (acceptor, address)
}

static LINE: LazyLock<Runtime> =
    LazyLock::new(|| runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// Installs the one TLS stack of this process, unless the product was faster.
pub(crate) fn use_tls() {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// A client that follows no redirects, as a test wants to see them. There is one a thread, and so one a test. It trusts
/// nobody's certificate: to read those of the machine takes longer than most of what it is used for, and all that tests
/// speak to is plain HTTP. It uses no connection that the server may be closing at that moment, which it does after 75
/// seconds.
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

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    call: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The same, if it has this status.
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
