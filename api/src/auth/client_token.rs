//! What a browser's token gives access to: one order and its links, from pages of one origin, for a few minutes. The
//! allowed calls are listed one by one, so a new call is closed to tokens until it is added here.
//!
//! A malformed or expired token is rejected without a database query. The API key behind it must still be valid, and
//! tokens of a suspended merchant can only read.

use domain::{
    LinkId, OrderId,
    client_token::{ClientToken, Right},
};
use entity::{
    api_key::{self, ApiKey},
    link, merchant,
};
use poem::{
    Request,
    http::{Method, StatusCode, header},
    web::headers::{Authorization, HeaderMapExt, authorization::Bearer},
};

use crate::{Api, Problem};

/// The resource of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallSubject {
    Order(OrderId),
    Link(LinkId),
}

/// What a call requires of a token; `None` if no token may make it.
fn taken(method: &Method, path: &str) -> Option<(Right, CallSubject)> {
    let parts: Vec<&str> = path.strip_prefix("/v1/")?.split('/').collect();
    let (right, subject) = match (method.as_str(), parts.as_slice()) {
        ("GET" | "HEAD", ["orders", order]) => (Right::Read, CallSubject::Order(order.parse().ok()?)),
        ("POST", ["orders", order, "payment-links"]) => (Right::CreateLink, CallSubject::Order(order.parse().ok()?)),
        ("GET" | "HEAD", ["payment-links", link] | ["payment-links", link, "invoice" | "invoice.png" | "qr.svg"]) => {
            (Right::Read, CallSubject::Link(link.parse().ok()?))
        }
        ("POST", ["payment-links", link, "send"]) => (Right::Send, CallSubject::Link(link.parse().ok()?)),
        ("POST", ["payment-links", link, "void"]) => (Right::Void, CallSubject::Link(link.parse().ok()?)),
        _ => return None,
    };
    Some((right, subject))
}

/// Whether some token may make this call; for the browser's preflight.
pub(crate) fn may_open(method: &str, path: &str) -> bool {
    Method::from_bytes(method.as_bytes()).is_ok_and(|method| taken(&method, path).is_some())
}

/// The token in a request, if it is one of ours, valid or not.
pub(crate) fn presented(request: &Request, api: &Api) -> Option<ClientToken> {
    let bearer = request.headers().typed_get::<Authorization<Bearer>>()?;
    api.vault.read_client_token(bearer.token())
}

/// The key behind a token, if the token may make this call.
pub(super) async fn holder(request: &Request, api: &Api, text: &str) -> Result<ApiKey, Problem> {
    let token = api.vault.read_client_token(text).ok_or_else(Problem::unauthorized)?;
    if token.expires <= api.clock.now() {
        let detail = "The token is over. Have your server ask for another.";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "token_expired", detail));
    }
    let origin = request.headers().get(header::ORIGIN);
    if origin.is_none_or(|origin| origin.as_bytes() != token.origin.as_bytes()) {
        return Err(forbidden("The token is for pages of another origin."));
    }
    let taken = taken(request.method(), request.original_uri().path());
    let Some((right, subject)) = taken.filter(|(right, _)| token.may.contains(right)) else {
        return Err(forbidden("The token does not open this call."));
    };
    let pool = api.db.pool();
    let is_its_own = match subject {
        CallSubject::Order(order) => order == token.order,
        CallSubject::Link(link) => {
            let found = link::find(pool, token.merchant, link).await?;
            found.is_some_and(|link| link.order_id == token.order)
        }
    };
    if !is_its_own {
        return Err(Problem::not_found());
    }
    if right != Right::Read && merchant::get(pool, token.merchant).await?.is_suspended() {
        return Err(Problem::suspended());
    }
    let key = api_key::find_in_force(pool, token.key, api.clock.now()).await?;
    key.filter(|key| key.merchant_id == token.merchant).ok_or_else(Problem::unauthorized)
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_the_calls_of_an_order_and_no_others() {
        let (order, link) = ("ord_01936ad7f4c07d0c8e3b5a9f21c4d6e8", "link_01936ad7f4c07d0c8e3b5a9f21c4d6e8");
        let right = |method: Method, path: String| taken(&method, &path).map(|(right, _)| right);
        assert_eq!(right(Method::GET, format!("/v1/orders/{order}")), Some(Right::Read));
        assert_eq!(right(Method::POST, format!("/v1/orders/{order}/payment-links")), Some(Right::CreateLink));
        assert_eq!(right(Method::GET, format!("/v1/payment-links/{link}")), Some(Right::Read));
        assert_eq!(right(Method::POST, format!("/v1/payment-links/{link}/send")), Some(Right::Send));
        assert_eq!(right(Method::POST, format!("/v1/payment-links/{link}/void")), Some(Right::Void));
        for (method, path) in [
            (Method::PATCH, format!("/v1/orders/{order}")),
            (Method::POST, format!("/v1/orders/{order}/archive")),
            (Method::POST, format!("/v1/payment-links/{link}/mark-paid")),
            (Method::POST, format!("/v1/orders/{order}/mark-paid")),
            (Method::GET, "/v1/orders".to_owned()),
            (Method::GET, "/v1/merchant".to_owned()),
            (Method::GET, "/v1/events".to_owned()),
            (Method::POST, "/v1/client-tokens".to_owned()),
            (Method::GET, format!("/v1/orders/{order}/../../merchant")),
            (Method::GET, format!("/v1/orders/{order}/")),
            (Method::GET, "/v1/orders/by-number".to_owned()),
            (Method::GET, "/v1/orders/by-number/1001".to_owned()),
        ] {
            assert_eq!(right(method, path.clone()), None, "{path}");
        }
    }
}
