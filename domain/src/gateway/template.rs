//! Filling in the templates of a request.

use std::sync::LazyLock;

use handlebars::Handlebars;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Gateway, GatewayFault, Method, Secrets};
use crate::plain_template::{Construct, PlainTemplate, PlainTemplateError, PlainVariable};

/// The most bytes of a URL, a header or a body: room for the longest text several times, however it is escaped.
const MOST_BYTES: usize = 256 * 1024;

/// The contents of a request. No `Debug`, because it holds a phone number, a text and secrets.
#[derive(Clone, Copy)]
pub struct GatewayText<'a> {
    /// `{{to}}`: the buyer's number in E.164.
    pub to: &'a str,
    /// `{{from}}`: the sender.
    pub from: &'a str,
    /// `{{text}}`: the text.
    pub text: &'a str,
    /// `{{message_id}}`: our id of the message, the same for every attempt.
    pub message_id: &'a str,
    /// `{{report_url}}`: the URL for delivery reports.
    pub report_url: &'a str,
    /// `{{secrets.name}}`.
    pub secrets: &'a Secrets,
}

/// A filled-in request. No `Debug`, because it holds a phone number, a text and secrets.
pub struct Filled {
    /// The URL to call.
    pub url: String,
    /// The HTTP method.
    pub method: Method,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<String>,
}

/// The context of a value, which decides how it is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValuePlace {
    Url,
    Header,
    Json,
    Form,
    Xml,
    PlainText,
}

impl ValuePlace {
    /// The context of a body with this `Content-Type`.
    pub(super) fn of_content_type(content_type: &str) -> Option<Self> {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "application/xml" | "text/xml" => Some(Self::Xml),
            "text/plain" => Some(Self::PlainText),
            _ => None,
        }
    }

    /// Whether this variable may be used here. Headers only get values that are certainly one line of ASCII.
    fn knows(self, name: &str, secrets: &Secrets) -> bool {
        match (name.strip_prefix("secrets."), self) {
            (Some(secret), _) => secrets.contains_key(secret),
            (None, Self::Header) => matches!(name, "to" | "message_id"),
            (None, Self::Url | Self::Json | Self::Form | Self::Xml | Self::PlainText) => {
                matches!(name, "to" | "from" | "text" | "message_id" | "report_url")
            }
        }
    }

    fn escape(self, value: &str) -> String {
        match self {
            Self::Url | Self::Form => utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            // A JSON string without its quotation marks, which are in the template.
            Self::Json => {
                let quoted = Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::Xml => handlebars::html_escape(value),
            // Headers never contain the text, and their values were checked to be one line.
            Self::Header | Self::PlainText => value.to_owned(),
        }
    }

    fn handlebars(self) -> &'static Handlebars<'static> {
        static ALL: LazyLock<Vec<(ValuePlace, Handlebars<'static>)>> = LazyLock::new(|| {
            [
                ValuePlace::Url,
                ValuePlace::Header,
                ValuePlace::Json,
                ValuePlace::Form,
                ValuePlace::Xml,
                ValuePlace::PlainText,
            ]
            .map(|place| {
                let mut handlebars = Handlebars::new();
                handlebars.set_strict_mode(true);
                handlebars.register_escape_fn(move |value| place.escape(value));
                (place, handlebars)
            })
            .into()
        });
        let position = ALL.iter().position(|(place, _)| *place == self).unwrap_or_default();
        &ALL[position].1
    }
}

impl GatewayText<'_> {
    fn values(&self) -> Value {
        let secrets: Map<String, Value> =
            self.secrets.iter().map(|(name, secret)| (name.clone(), secret.expose().into())).collect();
        serde_json::json!({
            "to": self.to,
            "from": self.from,
            "text": self.text,
            "message_id": self.message_id,
            "report_url": self.report_url,
            "secrets": secrets,
        })
    }
}

/// Parses a template for this context. Each variable must be known there and escaped.
///
/// # Errors
/// Returns the first problem.
pub(super) fn read(template: &str, place: ValuePlace, secrets: &Secrets) -> Result<PlainTemplate, GatewayFault> {
    let read = PlainTemplate::compile(template, |name| place.knows(name, secrets))?;
    match read.variables().iter().find(|variable| !variable.escaped) {
        Some(&PlainVariable { line, .. }) => {
            Err(PlainTemplateError::NotAVariable { construct: Construct::Unescaped, line }.into())
        }
        None => Ok(read),
    }
}

/// Fills in a template.
///
/// # Errors
/// Returns an error if the template is invalid, as when a secret was removed, or if the result is too long.
pub(super) fn fill(template: &str, place: ValuePlace, text: &GatewayText<'_>) -> Result<String, GatewayFault> {
    Ok(read(template, place, text.secrets)?.render(place.handlebars(), text.values(), MOST_BYTES)?)
}

impl Gateway {
    /// The request that submits this text.
    ///
    /// # Errors
    /// Returns an error if a secret that it names was removed, or if the text makes it too long.
    pub fn fill(&self, text: &GatewayText<'_>) -> Result<Filled, GatewayFault> {
        let fill = |template: &str, place| fill(template, place, text);
        let headers: Result<Vec<_>, GatewayFault> =
            self.headers.iter().map(|(name, value)| Ok((name.clone(), fill(value, ValuePlace::Header)?))).collect();
        let body = match (&self.body, self.body_place()) {
            (Some(body), Some(place)) => Some(fill(body, place)?),
            (Some(_), None) => return Err(GatewayFault::ContentType),
            (None, _) => None,
        };
        Ok(Filled { url: fill(&self.url, ValuePlace::Url)?, method: self.method, headers: headers?, body })
    }

    /// The context of the body, by its `Content-Type`.
    pub(super) fn body_place(&self) -> Option<ValuePlace> {
        let content_type = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
        ValuePlace::of_content_type(content_type.1)
    }
}
