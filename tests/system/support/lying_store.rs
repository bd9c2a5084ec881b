//! A store that speaks as much S3 as Paylink needs, and lies when told to: it reports success for what it has not
//! stored, or stores something else.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::Utc;
use poem::{Body, EndpointExt, Request, Response, Route, handler, http::StatusCode, put, web::Data};
use tokio::task::JoinHandle;

use super::http::{listen, serve};

/// What it does with a document that it claims to have stored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lie {
    KeepsNothing,
    KeepsOtherBytes,
}

#[derive(Debug, Default)]
struct StoredObjects {
    objects: BTreeMap<String, Vec<u8>>,
    /// What happens to the next documents with this in their names, and to how many.
    lie: Option<(Lie, &'static str, u32)>,
}

/// The running store. It ends with the test.
#[derive(Debug)]
pub(crate) struct LyingStore {
    endpoint: String,
    state: Arc<Mutex<StoredObjects>>,
    server: JoinHandle<()>,
}

impl LyingStore {
    /// Starts an honest one.
    pub(crate) async fn start() -> Self {
        let state: Arc<Mutex<StoredObjects>> = Arc::default();
        let (acceptor, address) = listen(0).await;
        let routes = Route::new().at("/*path", put(keep).get(give).delete(remove)).data(Arc::clone(&state));
        Self { endpoint: format!("http://{address}"), state, server: serve(acceptor, routes.boxed()) }
    }

    /// An app's settings to store its invoices there.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PAYLINK_STORE_URL", "s3://invoices".to_owned()),
            ("AWS_ENDPOINT", self.endpoint.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }

    /// Lies about this many of the next documents with this in their names.
    pub(crate) fn lies(&self, lie: Lie, name: &'static str, times: u32) {
        self.state.lock().unwrap().lie = Some((lie, name, times));
    }

    /// How many lies are left.
    pub(crate) fn lies_left(&self) -> u32 {
        self.state.lock().unwrap().lie.map_or(0, |(_, _, times)| times)
    }

    /// Flips one bit of the document with this in its name.
    pub(crate) fn rots(&self, name: &str) {
        let mut state = self.state.lock().unwrap();
        let (_, content) = state.objects.iter_mut().find(|(known, _)| known.contains(name)).unwrap();
        rot(content);
    }

    /// Deletes the document with this in its name.
    pub(crate) fn loses(&self, name: &str) {
        self.state.lock().unwrap().objects.retain(|known, _| !known.contains(name));
    }
}

impl Drop for LyingStore {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn rot(content: &mut [u8]) {
    let middle = content.len() / 2;
    content[middle] ^= 1;
}

fn name(request: &Request) -> String {
    request.uri().path().to_owned()
}

#[handler]
async fn keep(request: &Request, body: Body, Data(state): Data<&Arc<Mutex<StoredObjects>>>) -> Response {
    let (name, mut content) = (name(request), body.into_vec().await.unwrap());
    let mut state = state.lock().unwrap();
    let lie = match &mut state.lie {
        Some((lie, of, times)) if *times > 0 && name.contains(*of) => {
            *times -= 1;
            Some(*lie)
        }
        _ => None,
    };
    match lie {
        Some(Lie::KeepsNothing) => {}
        Some(Lie::KeepsOtherBytes) => {
            rot(&mut content);
            state.objects.insert(name, content);
        }
        None => {
            state.objects.insert(name, content);
        }
    }
    Response::builder().header("ETag", "\"1\"").finish()
}

/// A document or a part of it; listing, for clean-ups, returns nothing.
#[handler]
fn give(request: &Request, Data(state): Data<&Arc<Mutex<StoredObjects>>>) -> Response {
    if request.uri().query().is_some_and(|query| query.contains("list-type")) {
        let nothing = r#"<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"#;
        return Response::builder().content_type("application/xml").body(nothing);
    }
    let state = state.lock().unwrap();
    let Some(content) = state.objects.get(&name(request)) else { return StatusCode::NOT_FOUND.into() };
    let answer = Response::builder().header("ETag", "\"1\"").header("Last-Modified", Utc::now().to_rfc2822());
    let Some(range) = request.header("range").and_then(|range| range.strip_prefix("bytes=")) else {
        return answer.body(content.clone());
    };
    let (from, to) = range.split_once('-').unwrap();
    let from: usize = from.parse().unwrap();
    let to = to.parse::<usize>().unwrap().min(content.len() - 1);
    let told = format!("bytes {from}-{to}/{}", content.len());
    answer.status(StatusCode::PARTIAL_CONTENT).header("Content-Range", told).body(content[from..=to].to_vec())
}

#[handler]
fn remove(request: &Request, Data(state): Data<&Arc<Mutex<StoredObjects>>>) -> StatusCode {
    state.lock().unwrap().objects.remove(&name(request));
    StatusCode::NO_CONTENT
}
