//! Exports spans to a collector by OTLP over HTTP, if an address is set. Otherwise nothing is set up, and a span costs no more than its log
//! lines.

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

/// Whose spans are exported. Libraries' spans are theirs: that of a database driver holds what is stored.
const OURS: [&str; 5] = ["paylink", "api", "worker", "scheduler", "queue"];

/// How long a collector may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long a process that ends waits for its last spans to be taken.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Spans on their way. What a collector does not take in time is lost: it is for looking at, and holds nobody up.
pub(crate) struct Export(SdkTracerProvider);

impl Export {
    /// Sends to the collector at `endpoint`, such as `http://localhost:4318`. Headers for it, the service's name and the share of
    /// traces that is kept are read from the variables that `OpenTelemetry` has for them.
    pub(crate) fn to(endpoint: &str) -> Result<Self, Error> {
        let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().map_err(Error::Collector)?;
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

    /// What turns our spans into exported ones.
    pub(crate) fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(&self) -> impl Layer<S> + use<S> {
        let tracer: Tracer = self.0.tracer("paylink");
        let ours = Targets::new().with_targets(OURS.map(|target| (target, Level::INFO)));
        tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false).with_filter(ours)
    }

    /// Sends what is left.
    pub(crate) async fn end(self) {
        // It blocks until the courier is done, which needs the threads of the runtime.
        let sent = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST_WORDS)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!("the last spans were not taken by the collector");
        }
    }
}

/// Carries spans by the HTTP client that we have, in the runtime that it needs: the exporter has a thread of its own.
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
