//! Method routing. Unlike poem's own `get` and `post`, a 405 lists the allowed methods.

use poem::{Endpoint, IntoEndpoint, Request, Response, RouteMethod, error::MethodNotAllowedError, http::Method};

use crate::Problem;

/// A route that lists its methods in `Allow`.
pub(crate) struct Methods {
    allowed: Vec<&'static str>,
    route: RouteMethod,
}

/// A route for GET and HEAD.
pub(crate) fn get<E: IntoEndpoint<Endpoint: 'static>>(endpoint: E) -> Methods {
    Methods { allowed: vec!["GET", "HEAD"], route: RouteMethod::new().method(Method::GET, endpoint) }
}

/// A route for POST.
pub(crate) fn post<E: IntoEndpoint<Endpoint: 'static>>(endpoint: E) -> Methods {
    Methods { allowed: vec!["POST"], route: RouteMethod::new().method(Method::POST, endpoint) }
}

impl Methods {
    /// Adds GET and HEAD.
    pub(crate) fn get<E: IntoEndpoint<Endpoint: 'static>>(self, endpoint: E) -> Self {
        self.and(Method::GET, &["GET", "HEAD"], endpoint)
    }

    /// Adds POST.
    pub(crate) fn post<E: IntoEndpoint<Endpoint: 'static>>(self, endpoint: E) -> Self {
        self.and(Method::POST, &["POST"], endpoint)
    }

    /// Adds DELETE.
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
