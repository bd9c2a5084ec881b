//! Method routing. Unlike poem's own `get` and `post`, a 405 says which methods are allowed.

use poem::{Endpoint, IntoEndpoint, Request, Response, RouteMethod, error::MethodNotAllowedError, http::Method};

use crate::Problem;

/// A route that says in `Allow` which methods it takes.
pub(crate) struct Methods {
    allowed: Vec<&'static str>,
    route: RouteMethod,
}

/// One that takes GET, and so HEAD.
pub(crate) fn get<E: IntoEndpoint<Endpoint: 'static>>(endpoint: E) -> Methods {
    Methods { allowed: vec!["GET", "HEAD"], route: RouteMethod::new().method(Method::GET, endpoint) }
}

/// One that takes POST.
pub(crate) fn post<E: IntoEndpoint<Endpoint: 'static>>(endpoint: E) -> Methods {
    Methods { allowed: vec!["POST"], route: RouteMethod::new().method(Method::POST, endpoint) }
}

impl Methods {
    /// The same, which takes GET too, and so HEAD.
    pub(crate) fn get<E: IntoEndpoint<Endpoint: 'static>>(self, endpoint: E) -> Self {
        self.and(Method::GET, &["GET", "HEAD"], endpoint)
    }

    /// The same, which takes POST too.
    pub(crate) fn post<E: IntoEndpoint<Endpoint: 'static>>(self, endpoint: E) -> Self {
        self.and(Method::POST, &["POST"], endpoint)
    }

    /// The same, which takes DELETE too.
    pub(crate) fn delete<E: IntoEndpoint<Endpoint: 'static>>(self, endpoint: E) -> Self {
        self.and(Method::DELETE, &["DELETE"], endpoint)
    }

    fn and<E: IntoEndpoint<Endpoint: 'static>>(
        mut self,
        method: Method,
        allowed: &[&'static str],
        endpoint: E,
    ) -> Self {
        self.allowed.extend(allowed);
        Self { route: self.route.method(method, endpoint), ..self }
    }
}

impl Endpoint for Methods {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        self.route.call(request).await.map_err(|error| {
            if error.is::<MethodNotAllowedError>() {
                return Problem::method_not_allowed(self.allowed.join(", ")).into();
            }
            error
        })
    }
}
