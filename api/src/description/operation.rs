//! An operation of the description, and the validation of requests against it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use domain::sms_event::is_unwanted;
use percent_encoding::percent_decode_str;
use poem::http::{HeaderMap, header};
use serde_json::Value;

use super::{
    faults::Faults,
    schema::{Schema, SchemaSource},
};
use crate::{Problem, http::characters::REFUSAL};

/// The inputs of an operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// The names and schemas of the path's variables.
    path: Vec<Option<(String, Schema)>>,
    /// Whether it may create what the path names.
    creates: bool,
    query: BTreeMap<String, Schema>,
    headers: BTreeMap<String, Schema>,
    body: BodySchema,
    /// The accepted types of a body.
    media: Vec<String>,
    /// In seconds since 1970.
    deprecated_since: Option<i64>,
}

#[derive(Debug)]
enum BodySchema {
    None,
    Json(Box<Schema>),
    /// A form or a picture, which its handler checks.
    Other,
}

impl Operation {
    pub(super) fn of(method: &str, path: &str, json: &Value, source: &SchemaSource<'_>) -> Self {
        let of_kind = |kind: &str| -> BTreeMap<String, Schema> {
            let parameters = json["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.filter(|parameter| parameter["in"] == kind);
            let named =
                |it: &Value| it["name"].as_str().map(|name| (name.to_owned(), Schema::of(&it["schema"], source)));
            parameters.filter_map(named).collect()
        };
        let mut in_path = of_kind("path");
        Self {
            path: path
                .split('/')
                .map(|part| in_path.remove_entry(part.strip_prefix('{')?.trim_end_matches('}')))
                .collect(),
            creates: method == "put" && json["responses"]["201"].is_object(),
            query: of_kind("query"),
            headers: of_kind("header"),
            body: BodySchema::of(&json["requestBody"], source),
            media: media(&json["requestBody"]),
            deprecated_since: deprecated_since(json),
        }
    }

    /// Since when the operation is deprecated, in seconds since 1970.
    pub(super) const fn deprecated_since(&self) -> Option<i64> {
        self.deprecated_since
    }

    pub(super) const fn takes_body(&self) -> bool {
        !matches!(self.body, BodySchema::None)
    }

    /// The problem of a body of another type, or of none.
    pub(super) fn unsupported(&self, sent: Option<&str>) -> Problem {
        let sent = sent.unwrap_or("no `Content-Type`");
        Problem::unsupported_media_type(format!("This call takes {}; the request has {sent}.", self.media.join(" or ")))
    }

    /// Bodies are read as they are: one that is compressed would be taken for one that is garbled.
    pub(super) fn check_encoding(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
        if !self.takes_body() || encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Ok(());
        }
        Err(Problem::unsupported_media_type("The body must not be compressed: send it without `Content-Encoding`."))
    }

    /// Answers 404 for a path with an invalid id. What the call may create is not missing, but invalid.
    pub(super) fn check_path(&self, path: &str) -> Result<(), Problem> {
        let mut faults = Faults::default();
        for (schema, part) in self.path.iter().zip(path.split('/')) {
            let part = percent_decode_str(part).decode_utf8().map_err(|_| Problem::not_found())?;
            if let Some((name, schema)) = schema {
                schema.check_written(name, &part, &mut faults);
            }
        }
        faults.into_result().map_err(|problem| if self.creates { problem } else { Problem::not_found() })
    }

    pub(super) fn check_query(&self, query: &str) -> Result<(), Problem> {
        let sent: Vec<(String, String)> =
            serde_urlencoded::from_str(query).map_err(|error| Problem::malformed(error.to_string()))?;
        let mut faults = Faults::default();
        for (at, (name, value)) in sent.iter().enumerate() {
            let Some(schema) = self.query.get(name) else {
                faults.unknown(&name.replace(is_unwanted, " "));
                continue;
            };
            if value.contains(is_unwanted) {
                faults.wrong(name, REFUSAL);
            } else if !schema.is_list() && sent[..at].iter().any(|(earlier, _)| earlier == name) {
                faults.wrong(name, "must be sent only once");
            } else {
                schema.check_written(name, value, &mut faults);
            }
        }
        faults.into_result()
    }

    pub(super) fn check_headers(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let mut faults = Faults::default();
        for (name, schema) in &self.headers {
            let mut sent = headers.get_all(name).iter();
            match (sent.next().map(|value| value.to_str()), sent.next()) {
                (None, _) => {}
                (Some(Ok(value)), None) => schema.check_written(name, value, &mut faults),
                (Some(Ok(_)), Some(_)) if name.eq_ignore_ascii_case("accept") => {}
                (Some(Ok(_)), Some(_)) => faults.wrong(name, "must be sent only once"),
                (Some(Err(_)), _) => faults.wrong(name, "must be of printable ASCII characters"),
            }
        }
        faults.into_result()
    }

    pub(super) fn check_body(&self, sent: &Value) -> Result<(), Problem> {
        let mut faults = Faults::default();
        if let BodySchema::Json(schema) = &self.body {
            schema.check("", sent, &mut faults);
        }
        faults.into_result()
    }
}

fn media(body: &Value) -> Vec<String> {
    let types = body["content"].as_object().into_iter().flatten().map(|(kind, _)| kind);
    types.map(|kind| kind.split(';').next().unwrap_or(kind).to_owned()).collect()
}

fn deprecated_since(json: &Value) -> Option<i64> {
    let (_, since) = json["description"].as_str()?.split_once("Deprecated since ")?;
    let day: NaiveDate = since.get(..10)?.parse().ok()?;
    Some(day.and_time(NaiveTime::MIN).and_utc().timestamp())
}

impl BodySchema {
    fn of(json: &Value, source: &SchemaSource<'_>) -> Self {
        let Some(content) = json["content"].as_object() else { return Self::None };
        match content.iter().find(|(kind, _)| kind.starts_with("application/json")) {
            Some((_, media)) => Self::Json(Box::new(Schema::of(&media["schema"], source))),
            None => Self::Other,
        }
    }
}
