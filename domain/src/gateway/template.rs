//! Renders the templates of a request.

use std::sync::LazyLock;

use handlebars::Handlebars;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Gateway, GatewayFault, Method, Secrets};
use crate::plain_template::{Construct, PlainTemplate, PlainTemplateError, PlainVariable};

/// The most bytes that a URL, a header or a body may have: a text of the greatest length fits several times, however escaped.
const MOST_BYTES: usize = 256 * 1024;

/// What a request says. No `Debug`: it holds a number, a text and secrets.
#[derive(Clone, Copy)]
pub struct GatewayText<'a> {
    /// `{{to}}`: the buyer's number in E.164.
    pub to: &'a str,
    /// `{{from}}`: who the buyer gets it from.
    pub from: &'a str,
    /// `{{text}}`: what it says.
    pub text: &'a str,
    /// `{{message_id}}`: our id of it, the same however often it is handed over.
    pub message_id: &'a str,
    /// `{{report_url}}`: where the gateway is to report.
    pub report_url: &'a str,
    /// `{{secrets.name}}`.
    pub secrets: &'a Secrets,
}

/// A request, filled in. No `Debug`: it holds a number, a text and secrets.
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

/// Where a value stands, and so how it is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Url,
    Header,
    Json,
    Form,
    Xml,
    PlainText,
}

impl Place {
    /// The place that a body of this `Content-Type` is.
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

    /// Whether this variable can stand here. A header gets what is one line of ASCII for certain.
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
            // A text as JSON, without its quotation marks: those are the template's.
            Self::Json => {
                let quoted = Value::from(value).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::Xml => handlebars::html_escape(value),
            // Headers get no text; what they do get was checked to be one line.
            Self::Header | Self::PlainText => value.to_owned(),
        }
    }

    fn handlebars(self) -> &'static Handlebars<'static> {
        static ALL: LazyLock<Vec<(Place, Handlebars<'static>)>> = LazyLock::new(|| {
            [Place::Url, Place::Header, Place::Json, Place::Form, Place::Xml, Place::PlainText]
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

/// Reads a template of this place; each of its variables is known there, and escaped.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn read(template: &str, place: Place, secrets: &Secrets) -> Result<PlainTemplate, GatewayFault> {
    let read = PlainTemplate::compile(template, |name| place.knows(name, secrets))?;
    match read.variables().iter().find(|variable| !variable.escaped) {
        Some(&PlainVariable { line, .. }) => {
            Err(PlainTemplateError::NotAVariable { construct: Construct::Unescaped, line }.into())
        }
        None => Ok(read),
    }
}

/// Fills one template.
///
/// # Errors
/// When it is none, which a secret that is gone can make it, or what it makes is too long.
pub(super) fn fill(template: &str, place: Place, text: &GatewayText<'_>) -> Result<String, GatewayFault> {
    Ok(read(template, place, text.secrets)?.render(place.handlebars(), text.values(), MOST_BYTES)?)
}

impl Gateway {
    /// The request that hands this text over.
    ///
    /// # Errors
    /// As when it was described, if a secret that it names is gone since then; or a text makes it too long.
    pub fn fill(&self, text: &GatewayText<'_>) -> Result<Filled, GatewayFault> {
        let fill = |template: &str, place| fill(template, place, text);
        let headers: Result<Vec<_>, GatewayFault> =
            self.headers.iter().map(|(name, value)| Ok((name.clone(), fill(value, Place::Header)?))).collect();
        let body = match (&self.body, self.body_place()) {
            (Some(body), Some(place)) => Some(fill(body, place)?),
            (Some(_), None) => return Err(GatewayFault::ContentType),
            (None, _) => None,
        };
        Ok(Filled { url: fill(&self.url, Place::Url)?, method: self.method, headers: headers?, body })
    }

    /// What the body is, by its `Content-Type`.
    pub(super) fn body_place(&self) -> Option<Place> {
        let content_type = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
        Place::of_content_type(content_type.1)
    }
}
