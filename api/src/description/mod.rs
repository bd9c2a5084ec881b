//! The API's description, served as `/openapi.json`, and enforced: each request is validated against the description of
//! its operation. So what is described and what is accepted cannot drift apart, and a new operation is validated
//! without further work.
//!
//! - An undescribed field or parameter is refused with 422 `unknown_field`, which names it.
//! - An undescribed method is refused with 405, and `Allow` lists the described ones.
//! - An operation whose description says `Deprecated since 2027-01-31` also says so in `Deprecation` (RFC 9745).
//!
//! The query is validated after authentication ([`check`]) and the body when it is read ([`check_body`]), so strangers
//! learn nothing.

mod complete;
mod faults;
mod operation;
mod schema;

use std::{collections::BTreeMap, sync::Arc};

use poem::{
    Endpoint, IntoResponse, PathPattern, Request, RequestBody, Response,
    http::{HeaderName, HeaderValue, Method, header},
};
use poem_openapi::error::ContentTypeError;
use serde_json::Value;

use self::{operation::Operation, schema::SchemaSource};
use crate::Problem;

/// A placeholder in the document for the API's URL. `.invalid` never resolves.
pub(crate) const SOMEWHERE: &str = "https://paylink.invalid";

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");

/// A path of the description, such as `/v1/orders/{id}`, with its operations.
struct DescribedPath {
    /// `None` is a variable.
    segments: Vec<Option<String>>,
    operations: BTreeMap<String, Arc<Operation>>,
}

/// The description of the API, independent of its URL.
pub(crate) struct Description {
    /// As JSON, at the URL [`SOMEWHERE`].
    text: String,
    paths: Vec<DescribedPath>,
}

impl Description {
    /// Completes the document that the framework generated.
    pub(crate) fn of(mut document: Value) -> Self {
        complete::complete(&mut document);
        let source = SchemaSource::new(&document);
        let paths = document["paths"].as_object().into_iter().flatten();
        let paths = paths.map(|(path, item)| DescribedPath {
            segments: path.split('/').map(|part| (!part.starts_with('{')).then(|| part.to_owned())).collect(),
            operations: item
                .as_object()
                .into_iter()
                .flatten()
                .map(|(method, it)| (method.to_uppercase(), Arc::new(Operation::of(method, path, it, &source))))
                .collect(),
        });
        Self { paths: paths.collect(), text: document.to_string() }
    }

    /// As JSON, at this URL.
    pub(crate) fn text_at(&self, public_url: &str) -> String {
        let quoted = |url: &str| Value::from(url).to_string();
        self.text.replace(&quoted(SOMEWHERE), &quoted(public_url))
    }

    /// The operations of this path; the most literal match, if there are several.
    fn find(&self, path: &str) -> Option<&DescribedPath> {
        let parts: Vec<&str> = path.split('/').collect();
        self.paths
            .iter()
            .filter(|described| described.is(&parts))
            .max_by_key(|described| described.segments.iter().flatten().count())
    }

    /// Attaches the operation to the request, or refuses a method that is not described.
    pub(crate) async fn recognise<E: Endpoint>(
        &self,
        endpoint: Arc<E>,
        mut request: Request,
    ) -> poem::Result<Response> {
        let Some(described) = self.find(request.original_uri().path()) else {
            return endpoint.call(request).await.map(IntoResponse::into_response);
        };
        let method = match *request.method() {
            Method::HEAD if !described.operations.contains_key("HEAD") => Method::GET,
            ref method => method.clone(),
        };
        let Some(operation) = described.operations.get(method.as_str()) else {
            return Err(Problem::method_not_allowed(described.allowed()).into());
        };
        request.set_data(Arc::clone(operation));
        let media = request.content_type().map(str::to_owned);
        let answered = endpoint.call(request).await.map_err(|error| named(error, operation, media.as_deref()));
        let mut response = answered?.into_response();
        if let Some(since) = operation.deprecated_since() {
            response.headers_mut().extend(HeaderValue::from_str(&format!("@{since}")).map(|at| (DEPRECATION, at)));
        }
        Ok(response)
    }
}

impl DescribedPath {
    fn is(&self, parts: &[&str]) -> bool {
        let is = |(described, part): (&Option<String>, &&str)| match described {
            Some(described) => described == part,
            None => !part.is_empty(),
        };
        self.segments.len() == parts.len() && self.segments.iter().zip(parts).all(is)
    }

    fn allowed(&self) -> String {
        let mut allowed: Vec<&str> = self.operations.keys().map(String::as_str).collect();
        if allowed.contains(&"GET") && !allowed.contains(&"HEAD") {
            allowed.push("HEAD");
        }
        allowed.join(", ")
    }
}

/// The error, which names the accepted types if the body's is not among them.
fn named(error: poem::Error, operation: &Operation, sent: Option<&str>) -> poem::Error {
    if !error.is::<ContentTypeError>() {
        return error;
    }
    let mut named = poem::Error::from(operation.unsupported(sent));
    if let Some(route) = error.data::<PathPattern>() {
        named.set_data(route.clone());
    }
    named
}

fn operation(request: &Request) -> Option<&Operation> {
    request.data::<Arc<Operation>>().map(AsRef::as_ref)
}

/// Refuses a request whose path, query or headers do not match the description, or that has an undescribed body.
pub(crate) async fn check(request: &Request, body: &mut RequestBody) -> Result<(), Problem> {
    let Some(operation) = operation(request) else { return Ok(()) };
    operation.check_path(request.original_uri().path())?;
    operation.check_query(request.uri().query().unwrap_or_default())?;
    operation.check_headers(request.headers())?;
    operation.check_encoding(request.headers())?;
    if operation.takes_body() || request.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length == "0") {
        return Ok(());
    }
    // An empty body is allowed, since some clients always send one.
    let Ok(body) = body.take() else { return Ok(()) };
    let bytes = body.into_vec().await.map_err(|error| Problem::malformed(error.to_string()))?;
    let said = bytes.trim_ascii();
    if said.is_empty() || said == b"{}" { Ok(()) } else { Err(Problem::unknown("body", "is not taken by this call")) }
}

/// Refuses a JSON body that does not match the description.
pub(crate) fn check_body(request: &Request, sent: &Value) -> Result<(), Problem> {
    operation(request).map_or(Ok(()), |operation| operation.check_body(sent))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deprecated_operation_says_since_when() {
        let old = json!({"get": {"description": "Use another one. Deprecated since 2027-01-31.", "deprecated": true}});
        let described = Description::of(json!({"paths": {"/old": old, "/new": {"get": {}}}}));
        let since = |path: &str| described.find(path).unwrap().operations["GET"].deprecated_since();
        assert_eq!((since("/old"), since("/new")), (Some(1_801_353_600), None));
    }

    #[test]
    fn it_says_where_it_is_reached_and_nothing_else_changes() {
        let document = json!({"paths": {}, "servers": [{"url": SOMEWHERE}], "info": {"title": "It"}});
        let text = Description::of(document).text_at("https://pay.example.com/\"a\"");
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["servers"], json!([{"url": "https://pay.example.com/\"a\""}]));
        assert_eq!(told["info"]["title"], "It");
    }

    #[test]
    fn the_most_literal_path_is_meant() {
        let described =
            Description::of(json!({"paths": {"/a/{id}": {"get": {}}, "/a/b": {"post": {}}, "/a/{id}/c": {"put": {}}}}));
        let allowed = |path: &str| described.find(path).map(DescribedPath::allowed);
        assert_eq!(allowed("/a/b").unwrap(), "POST");
        assert_eq!(allowed("/a/x").unwrap(), "GET, HEAD");
        assert_eq!(allowed("/a/b/c").unwrap(), "PUT");
        assert_eq!(allowed("/a/"), None);
    }
}
