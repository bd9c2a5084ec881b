//! Security headers on every response (below `/v1`, also no caching), and CORS: cross-origin calls are allowed to the
//! origins that the operator listed, and to the origin of a page that uses a token.
//!
//! A response without a policy of its own gets one that forbids everything: JSON and errors are data, not pages. We do
//! not use poem's own `Cors`, because it refuses requests from unlisted origins, including our own pages under another
//! host name. Here such requests are answered as usual, only without permission for the browser to expose the answer.

use std::sync::Arc;

use poem::{
    Endpoint, Middleware, Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
};

use crate::{Api, auth::client_token};

/// For responses that are not pages.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// One year, as the browsers' preload lists require.
const HSTS: &str = "max-age=31536000; includeSubDomains";

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID";
const EXPOSED: &str =
    "Idempotent-Replayed, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id";

/// How long browsers cache a preflight, in seconds.
const REMEMBERED: &str = "600";

/// The headers of every response.
#[derive(Debug, Clone)]
pub(crate) struct Security {
    is_behind_tls: bool,
    /// Other origins that may call the API with a key.
    origins: Arc<[String]>,
    /// Verifies the tokens of pages.
    api: Option<Api>,
}

impl Security {
    pub(crate) fn new(is_behind_tls: bool, origins: &[String]) -> Self {
        Self { is_behind_tls, origins: origins.into(), api: None }
    }

    /// Also allows pages with a token of this API.
    pub(crate) fn with_tokens_of(self, api: Api) -> Self {
        Self { api: Some(api), ..self }
    }

    /// The request's origin, if it may call the API.
    fn allowed(&self, request: &Request) -> Option<HeaderValue> {
        let path = request.uri().path();
        let is_api = path.starts_with("/v1/") || path == "/openapi.json";
        let origin = request.headers().get(header::ORIGIN).filter(|_| is_api)?;
        let is_listed = self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
        (is_listed || self.is_of_token(request, origin)).then(|| origin.clone())
    }

    /// Whether a page with a token calls from the token's origin. A preflight has no token, so it is allowed from any
    /// origin for calls that a token may make. A response to a request without a token is not exposed.
    fn is_of_token(&self, request: &Request, origin: &HeaderValue) -> bool {
        let Some(api) = &self.api else { return false };
        if request.method() != Method::OPTIONS {
            let token = client_token::presented(request, api);
            return token.is_some_and(|token| token.origin.as_bytes() == origin.as_bytes());
        }
        let said = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let sends_token = said(header::ACCESS_CONTROL_REQUEST_HEADERS)
            .is_some_and(|names| names.split(',').any(|name| name.trim().eq_ignore_ascii_case("authorization")));
        let method = said(header::ACCESS_CONTROL_REQUEST_METHOD);
        sends_token && method.is_some_and(|method| client_token::may_open(method, request.uri().path()))
    }

    fn say(&self, headers: &mut HeaderMap) {
        let default = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        };
        // Reserved at once, since the map would otherwise grow three times.
        headers.reserve(8);
        default(headers, header::CONTENT_SECURITY_POLICY, NOTHING);
        default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        default(headers, header::X_FRAME_OPTIONS, "DENY");
        default(headers, header::REFERRER_POLICY, "no-referrer");
        default(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        default(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        if self.is_behind_tls {
            default(headers, header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
    }
}

impl<E: Endpoint<Output = Response>> Middleware<E> for Security {
    type Output = SecuredEndpoint<E>;

    fn transform(&self, inner: E) -> SecuredEndpoint<E> {
        SecuredEndpoint { inner, security: self.clone() }
    }
}

/// See [`Security`].
pub(crate) struct SecuredEndpoint<E> {
    inner: E,
    security: Security,
}

impl<E: Endpoint<Output = Response>> Endpoint for SecuredEndpoint<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let origin = self.security.allowed(&request);
        let is_private = request.uri().path().starts_with("/v1/");
        let asks_before = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let mut response = match &origin {
            Some(_) if request.method() == Method::OPTIONS && asks_before => may_call(),
            Some(_) | None => self.inner.call(request).await?,
        };
        let headers = response.headers_mut();
        self.security.say(headers);
        if is_private {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        Ok(response)
    }
}

/// The response to a preflight. Without cookies, since other origins use keys.
fn may_call() -> Response {
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)
        .header(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED)
        .finish()
}

#[cfg(test)]
mod tests {
    use poem::{endpoint::make_sync, http::Uri};

    use super::*;

    async fn answer(security: Security, own: Option<&'static str>) -> HeaderMap {
        let endpoint = security.transform(make_sync(move |_| match own {
            Some(policy) => Response::builder().header(header::CONTENT_SECURITY_POLICY, policy).finish(),
            None => Response::builder().finish(),
        }));
        endpoint.call(Request::builder().uri(Uri::from_static("/v1/orders")).finish()).await.unwrap().headers().clone()
    }

    #[tokio::test]
    async fn only_behind_tls_browsers_are_told_to_stay_there() {
        let headers = answer(Security::new(true, &[]), None).await;
        assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], HSTS);
        assert!(!answer(Security::new(false, &[]), None).await.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[tokio::test]
    async fn what_a_key_opens_is_kept_nowhere() {
        let said = async |path: &'static str| {
            let endpoint = Security::new(true, &[]).transform(make_sync(|_| {
                Response::builder().header(header::CACHE_CONTROL, "private, max-age=300").finish()
            }));
            let answer = endpoint.call(Request::builder().uri(Uri::from_static(path)).finish()).await.unwrap();
            answer
                .headers()
                .get_all(header::CACHE_CONTROL)
                .iter()
                .map(|value| value.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(said("/v1/merchant/logo").await, ["no-store"]);
        assert_eq!(said("/p/token/logo").await, ["private, max-age=300"]);
    }

    #[tokio::test]
    async fn a_page_keeps_its_own_policy() {
        let headers = answer(Security::new(true, &[]), Some("default-src 'self'")).await;
        assert_eq!(headers.get_all(header::CONTENT_SECURITY_POLICY).iter().collect::<Vec<_>>(), ["default-src 'self'"]);
        assert_eq!(answer(Security::new(true, &[]), None).await[header::CONTENT_SECURITY_POLICY], NOTHING);
    }
}
