//! Export of spans to a collector by OTLP over HTTP, if an endpoint is configured. Otherwise none of this is set up,
//! and a span costs only its log lines.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracerProvider, Tracer},
};
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

use crate::error::Error;

/// The crates whose spans are exported. Libraries are excluded, because a database driver's spans contain stored data.
const OURS: [&str; 5] = ["paylink", "api", "worker", "scheduler", "queue"];

/// Timeout of the collector.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long a process waits at its end for the last spans to be sent.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The exporter. Spans that the collector does not accept in time are dropped, so that it never blocks anything.
pub(crate) struct Export(SdkTracerProvider);

impl Export {
    /// Exports to the collector at `endpoint`, such as `http://localhost:4318`. Headers, the service name and the
    /// sampling ratio are read from the standard `OpenTelemetry` variables.
    pub(crate) fn to(endpoint: &str) -> Result<Self, Error> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().map_err(Error::HttpClient)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Courier { http, runtime: Handle::current() })
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(ANSWER_WITHIN)
            .build()?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("paylink");
        }
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build()))
    }

    /// The layer that exports our spans.
    pub(crate) fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(&self) -> impl Layer<S> + use<S> {
        let tracer: Tracer = self.0.tracer("paylink");
        let ours = Targets::new().with_targets(OURS.map(|target| (target, Level::INFO)));
        tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false).with_filter(ours)
    }

    /// Sends the remaining spans.
    pub(crate) async fn end(self) {
        // The shutdown blocks until the spans are sent, which needs the runtime's threads.
        let sent = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST_WORDS)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!("the last spans were not taken by the collector");
        }
    }
}

/// Sends spans with our HTTP client on its runtime, because the exporter runs on its own thread.
#[derive(Debug)]
struct Courier {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (http, request) = (self.http.clone(), reqwest::Request::try_from(request)?);
        let sending = self.runtime.spawn(async move {
            let answer = http.execute(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            reqwest::Result::Ok((status, headers, answer.bytes().await?))
        });
        let (status, headers, body) = sending.await??;
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
