//! Filling the templates of a request.

use std::sync::LazyLock;

use handlebars::{
    Handlebars, RenderError,
    template::{HelperTemplate, Parameter, Template, TemplateElement},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Gateway, GatewayFault, Method, Secrets};

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
    /// Where.
    pub url: String,
    /// How.
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

/// Fills one template.
///
/// # Errors
/// When a secret that it names is not there.
pub(super) fn fill(template: &str, place: Place, text: &GatewayText<'_>) -> Result<String, RenderError> {
    place.handlebars().render_template(template, &text.values())
}

impl Gateway {
    /// The request that hands this text over.
    ///
    /// # Errors
    /// When a secret that it names is not there; it was checked when the gateway was described.
    pub fn fill(&self, text: &GatewayText<'_>) -> Result<Filled, GatewayFault> {
        let fill = |template: &str, place| fill(template, place, text).map_err(GatewayFault::render);
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

/// The variables of a template, each with its line.
///
/// # Errors
/// When it has anything but text, comments and plain variables.
pub(super) fn variables(template: &str) -> Result<Vec<(String, usize)>, GatewayFault> {
    let parsed = Template::compile(template).map_err(GatewayFault::syntax)?;
    let mut found = Vec::new();
    for (element, place) in parsed.elements.iter().zip(&parsed.mapping) {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
            TemplateElement::Expression(expression) => {
                let name = plain_name(expression).ok_or(GatewayFault::NotAVariable { line: place.0 })?;
                found.push((name.to_owned(), place.0));
            }
            // Not ours, and open to additions: three braces would not be escaped, and whatever else there is, is no variable.
            _ => return Err(GatewayFault::NotAVariable { line: place.0 }),
        }
    }
    Ok(found)
}

fn plain_name(expression: &HelperTemplate) -> Option<&str> {
    let plain = expression.params.is_empty() && expression.hash.is_empty() && expression.block_param.is_none();
    match &expression.name {
        Parameter::Subexpression(_) | Parameter::Literal(_) => None,
        name => name.as_name().filter(|_| plain),
    }
}
