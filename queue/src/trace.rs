//! The trace of a command and the jobs it enqueues, in W3C Trace Context format: `00-<trace>-<span>-<flags>`.
//!
//! A trace comes with a request or starts there, is stored on the rows of the jobs enqueued meanwhile, and continues
//! when they run. It exists even if spans are not exported, because log lines carry its id; if they are, it uses the
//! exported span.

use std::{fmt, future::Future};

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

tokio::task_local! {
    static CURRENT: Trace;
}

/// A position in a trace: the parent span of whatever happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "a trace context consists of the trace and the span in it")]
pub struct Trace {
    trace: TraceId,
    span: SpanId,
    flags: TraceFlags,
}

impl Trace {
    /// Parses a `traceparent` header. Returns `None` if it is malformed. Of a newer version only the fields of version
    /// `00` are read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (version, rest) = (text.get(..2)?, text.get(2..55)?);
        let [trace, span, flags] = [rest.get(1..33)?, rest.get(34..50)?, rest.get(51..53)?];
        let dashes = [0, 33, 50].into_iter().all(|at| rest.as_bytes()[at] == b'-');
        let is_whole = match version {
            "ff" => false,
            "00" => text.len() == 55,
            _ => text.len() == 55 || text.as_bytes()[55] == b'-',
        };
        let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !dashes || !is_whole || ![version, trace, span, flags].into_iter().all(is_hex) {
            return None;
        }
        let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
        let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
        (trace != TraceId::INVALID && span != SpanId::INVALID).then_some(Self { trace, span, flags })
    }

    /// The id of the trace, as log lines have it.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.trace.to_string()
    }

    /// The trace of the current task, if any.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok()
    }

    /// Starts `span` under `parent`, or as a new trace with an id derived from `id`, and records the trace in the
    /// span's `trace_id` field.
    #[must_use]
    pub fn begin(span: &Span, parent: Option<Self>, id: Uuid) -> Self {
        if let Some(parent) = parent {
            let parent = Context::new().with_remote_span_context(parent.remote());
            // This fails only if spans are not exported, in which case no parent is needed.
            span.set_parent(parent).unwrap_or_default();
        }
        let exported = Self::of(span);
        let trace = exported.or(parent).unwrap_or_else(|| Self::called(id));
        span.record("trace_id", tracing::field::display(trace.trace));
        trace
    }

    /// Runs `future` in this trace.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// The exported span, if spans are exported.
    fn of(span: &Span) -> Option<Self> {
        let context = span.context();
        let span = context.span();
        let own = span.span_context();
        let own = Self { trace: own.trace_id(), span: own.span_id(), flags: own.trace_flags() };
        (own.trace != TraceId::INVALID).then_some(own)
    }

    /// Derives trace and span ids from one of our UUIDs, whose lower half is random.
    fn called(id: Uuid) -> Self {
        let (_, random) = id.as_u64_pair();
        let (trace, span) = (TraceId::from(id.as_u128()), SpanId::from(random));
        Self { trace, span, flags: TraceFlags::SAMPLED }
    }

    fn remote(self) -> SpanContext {
        SpanContext::new(self.trace, self.span, self.flags, true, TraceState::NONE)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, self.flags.to_u8())
    }
}

/// Renames an exported span whose name was not known when it started.
pub fn rename(span: &Span, name: impl FnOnce() -> String) {
    let context = span.context();
    let span = context.span();
    if span.is_recording() {
        span.update_name(name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written_the_same() {
        assert_eq!(Trace::parse(PARENT).unwrap().to_string(), PARENT);
        let unsampled = PARENT.replace("-01", "-00");
        assert_eq!(Trace::parse(&unsampled).unwrap().to_string(), unsampled);
    }

    #[test]
    fn a_later_version_is_read_as_ours() {
        let later = PARENT.replacen("00", "01", 1) + "-what-comes-later";
        assert_eq!(Trace::parse(&later), Trace::parse(PARENT));
    }

    #[test]
    fn what_is_no_trace_is_not_read() {
        let mut wrong = vec![
            String::new(),
            PARENT.to_uppercase(),
            PARENT.replacen("00", "ff", 1),
            PARENT.replace('-', "_"),
            PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            format!("{PARENT}0"),
            format!("{PARENT}-more"),
            "ü".repeat(40),
        ];
        wrong.extend((0..PARENT.len()).map(|length| PARENT[..length].to_owned()));
        for text in wrong {
            assert_eq!(Trace::parse(&text), None, "{text:?}");
        }
    }

    #[test]
    fn a_trace_that_begins_here_is_called_by_the_id() {
        let id = Uuid::now_v7();
        let trace = Trace::begin(&Span::none(), None, id);
        assert_eq!(trace.to_string()[3..35], id.simple().to_string());
        assert_eq!(Trace::parse(&trace.to_string()), Some(trace));
    }

    #[tokio::test]
    async fn what_runs_in_a_trace_knows_it() {
        assert_eq!(Trace::current(), None);
        let parent = Trace::parse(PARENT).unwrap();
        let trace = Trace::begin(&Span::none(), Some(parent), Uuid::now_v7());
        assert_eq!(trace.scope(async { Trace::current() }).await, Some(parent));
    }
}
