//! A trace collector as operators run one: it accepts OTLP over HTTP and keeps the spans.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use poem::{EndpointExt, Route, handler, post, web::Data};
use prost::Message;
use tokio::task::JoinHandle;

use super::{
    http::{listen, serve},
    wait::eventually,
};

/// A running collector.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) url: String,
    spans: Spans,
    server: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<Span>>>);

impl Collector {
    pub(crate) async fn start() -> Self {
        let spans = Spans::default();
        let (acceptor, address) = listen(0).await;
        let routes = Route::new().at("/v1/traces", post(collect)).data(spans.clone());
        let server = serve(acceptor, routes.boxed());
        Self { url: format!("http://{address}"), spans, server }
    }

    /// Waits for the only span of this trace with this name.
    pub(crate) async fn receives(&self, trace: &str, name: &str) -> Span {
        let what = format!("the span {name} of {trace} comes");
        let spans = eventually(&what, async || {
            let spans = self.spans.0.lock().unwrap();
            let found: Vec<Span> =
                spans.iter().filter(|span| hex(&span.trace_id) == trace && span.name == name).cloned().collect();
            (!found.is_empty()).then_some(found)
        });
        let mut spans = spans.await;
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans.remove(0)
    }

    /// Everything received, as text.
    pub(crate) fn dump(&self) -> String {
        let spans = self.spans.0.lock().unwrap();
        spans.iter().map(|span| format!("{span:?}\n")).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an extractor of the framework")]
#[handler]
fn collect(Data(spans): Data<&Spans>, body: Vec<u8>) {
    let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
    let mut known = spans.0.lock().unwrap();
    for resource in request.resource_spans {
        let service = resource.resource.iter().find_map(|resource| attribute(&resource.attributes, "service.name"));
        assert_eq!(service.as_deref(), Some("paylink"));
        known.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
}

/// A string attribute.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key} is no text and no number: {other:?}"),
    }
}

/// Formats an id.
pub(crate) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
