//! Structured logs on standard error: text by default, JSON by a setting. `RUST_LOG` overrides the level. Lines within
//! a request or a job name it.

use std::{
    env, fmt,
    io::{self, IsTerminal},
};

use tracing::{
    Dispatch, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    field::RecordFields,
    fmt::{FormatFields, MakeWriter, format::Writer},
    layer::SubscriberExt,
    registry,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    error::Error,
    otlp::Export,
    settings::{LogFormat, Settings},
};

const DEFAULT_FILTER: &str = "info,apalis_core=warn,poem=warn,sqlx=warn,sea_orm_migration=warn";

/// Starts logging, and the export of spans if it is configured.
pub(crate) fn start(settings: &Settings) -> Result<Option<Export>, Error> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let logs = logs(settings, filter, io::stderr, is_coloured());
    let export = settings.otlp_endpoint.as_deref().map(Export::to).transpose()?;
    registry().with(logs).with(export.as_ref().map(Export::layer)).init();
    Ok(export)
}

/// A logger with the command's defaults that writes elsewhere, for roles that share a process, each on threads of its
/// own.
pub fn logs_to(settings: &Settings, place: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) -> Dispatch {
    Dispatch::new(registry().with(logs(settings, EnvFilter::new(DEFAULT_FILTER), place, false)))
}

/// Colours are for people at a terminal who have not said that they want none (<https://no-color.org>).
fn is_coloured() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|said| said.is_empty())
}

fn logs<S: Subscriber + for<'span> LookupSpan<'span>>(
    settings: &Settings,
    filter: EnvFilter,
    place: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
    coloured: bool,
) -> Box<dyn Layer<S> + Send + Sync> {
    let logs = tracing_subscriber::fmt::layer().with_writer(place).with_ansi(coloured);
    match settings.log_format {
        LogFormat::Text => logs.fmt_fields(ForPeople).with_filter(filter).boxed(),
        LogFormat::Json => logs.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

/// Formats fields for people, omitting those that only matter in exported spans.
struct ForPeople;

impl<'writer> FormatFields<'writer> for ForPeople {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = FieldLine { writer, is_empty: true, result: Ok(()) };
        fields.record(&mut line);
        line.result
    }
}

/// The fields of a line, written one after the other.
struct FieldLine<'writer> {
    writer: Writer<'writer>,
    is_empty: bool,
    result: fmt::Result,
}

impl FieldLine<'_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let (name, space) = (field.name(), if self.is_empty { "" } else { " " });
        if self.result.is_err() || name.starts_with("otel.") {
            return;
        }
        self.is_empty = false;
        self.result = match name {
            "message" => write!(self.writer, "{space}{value}"),
            name => write!(self.writer, "{space}{name}={value}"),
        };
    }
}

impl Visit for FieldLine<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, format_args!("{value:?}"));
    }
}
