//! A merchant's own system, which accepts our webhooks as it is told to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use poem::{Body, EndpointExt, Request, Response, Route, handler, http::StatusCode, post, web::Data};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{
    http::{listen, serve},
    wait::eventually,
};

/// How it answers at a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taking {
    /// With this status.
    Status(u16),
    /// With 500 to webhooks of this type, otherwise with 204.
    AllBut(&'static str),
    /// With 500 to every second one.
    EveryOther,
    /// Effectively never.
    Hangs,
}

#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    /// When it arrived.
    pub(crate) at: DateTime<Utc>,
    /// Whether it was answered as accepted.
    pub(crate) is_taken: bool,
}

impl Webhook {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

#[derive(Clone, Debug, Default)]
struct ReceiverState {
    manners: Arc<Mutex<HashMap<String, Taking>>>,
    came: Arc<Mutex<Vec<Webhook>>>,
}

/// A running system. It ends with the test.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: ReceiverState,
    server: JoinHandle<()>,
}

impl Receiver {
    /// Accepts everything, at every path.
    pub(crate) async fn start() -> Self {
        let state = ReceiverState::default();
        let (acceptor, address) = listen(0).await;
        let routes = Route::new().at("/*path", post(take)).data(state.clone());
        let server = serve(acceptor, routes.boxed());
        Self { url: format!("http://{address}"), state, server }
    }

    /// Changes the answer at a path.
    pub(crate) fn answers(&self, path: &str, manner: Taking) {
        self.state.manners.lock().unwrap().insert(path.to_owned(), manner);
    }

    /// The webhooks received at a path.
    pub(crate) fn came(&self, path: &str) -> Vec<Webhook> {
        self.state.came.lock().unwrap().iter().filter(|webhook| webhook.path == path).cloned().collect()
    }

    /// The webhooks received at all paths.
    pub(crate) fn came_anywhere(&self) -> Vec<Webhook> {
        self.state.came.lock().unwrap().clone()
    }

    /// The number of webhooks received at all paths.
    pub(crate) fn how_many_came(&self) -> usize {
        self.state.came.lock().unwrap().len()
    }

    /// Nothing was received.
    pub(crate) fn forgets(&self) {
        self.state.came.lock().unwrap().clear();
    }

    /// The webhooks received at a path, once there are enough.
    pub(crate) async fn gets(&self, path: &str, enough: impl Fn(&[Webhook]) -> bool) -> Vec<Webhook> {
        eventually(&format!("webhooks come at {path}"), async || {
            let came = self.came(path);
            enough(&came).then_some(came)
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[handler]
async fn take(request: &Request, body: Body, Data(state): Data<&ReceiverState>) -> Response {
    let path = request.uri().path().to_owned();
    let text = |(name, value): (&poem::http::HeaderName, &poem::http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
    };
    let headers = request.headers().iter().map(text).collect();
    let mut webhook = Webhook {
        path: path.clone(),
        headers,
        at: Utc::now(),
        body: body.into_string().await.unwrap(),
        is_taken: false,
    };
    let manner = state.manners.lock().unwrap().get(&path).copied().unwrap_or(Taking::Status(204));
    let status = {
        let mut came = state.came.lock().unwrap();
        let status = match manner {
            Taking::Status(status) => status,
            Taking::AllBut(refused) if webhook.kind() == refused => 500,
            Taking::EveryOther if came.len() % 2 == 0 => 500,
            Taking::AllBut(_) | Taking::EveryOther | Taking::Hangs => 204,
        };
        webhook.is_taken = status < 300;
        came.push(webhook);
        status
    };
    if matches!(manner, Taking::Hangs) {
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if (300..400).contains(&status) { response.header("Location", "/elsewhere").finish() } else { response.finish() }
}
