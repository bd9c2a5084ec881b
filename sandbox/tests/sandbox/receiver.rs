//! The other end of the webhooks: keeps what arrives and answers as it is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use poem::{
    EndpointExt, Request, Route, Server, handler, http::StatusCode, listener::TcpAcceptor, middleware::AddData, post,
    web::Data,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything that arrives at all takes to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// A webhook as it arrived.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) content_type: String,
    pub(crate) stripe_signature: Option<String>,
    pub(crate) twilio_signature: Option<String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The form's pairs, decoded.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let url = reqwest::Url::parse(&format!("http://form/?{}", self.body)).unwrap();
        url.query_pairs().into_owned().collect()
    }

    /// One value of the form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

struct Inbox {
    arrived: UnboundedSender<Received>,
    status: Mutex<StatusCode>,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: Arc<Inbox>,
    arrivals: UnboundedReceiver<Received>,
    server: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?from=sandbox", listener.local_addr().unwrap());
        let (arrived, arrivals) = unbounded_channel();
        let inbox = Arc::new(Inbox { arrived, status: Mutex::new(StatusCode::OK) });
        let routes = Route::new().at("/hook", post(hook)).with(AddData::new(Arc::clone(&inbox)));
        let server = tokio::spawn(async move {
            Server::new_with_acceptor(TcpAcceptor::from_tokio(listener).unwrap()).run(routes).await.unwrap();
        });
        Self { url, inbox, arrivals, server }
    }

    /// What every webhook is answered from now on.
    pub(crate) fn answer(&self, status: u16) {
        *self.inbox.status.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    /// The next webhook that arrives.
    pub(crate) async fn next(&mut self) -> Received {
        timeout(PATIENCE, self.arrivals.recv()).await.expect("a webhook arrives").unwrap()
    }

    /// What has arrived and was not looked at yet.
    pub(crate) fn waiting(&mut self) -> usize {
        let mut count = 0;
        while self.arrivals.try_recv().is_ok() {
            count += 1;
        }
        count
    }
}

#[handler]
fn hook(request: &Request, body: String, Data(inbox): Data<&Arc<Inbox>>) -> StatusCode {
    let header = |name: &str| request.header(name).map(str::to_owned);
    let received = Received {
        content_type: header("content-type").unwrap_or_default(),
        stripe_signature: header("stripe-signature"),
        twilio_signature: header("x-twilio-signature"),
        body,
    };
    // The test may be over and no longer listen.
    drop(inbox.arrived.send(received));
    *inbox.status.lock().unwrap()
}
