//! Who calls, and what they may do: one extractor a scope, so that a handler's signature says what it takes.

use entity::{
    ApiKeyId, MerchantId, Secret,
    api_key::{self, Scope},
    sha256,
};
use poem::{Request, http::StatusCode};
use poem_openapi::{SecurityScheme, auth::Bearer};

use crate::{Api, Problem};

/// The key that called, and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// Whose key.
    pub(crate) merchant: MerchantId,
    /// Which key.
    pub(crate) key: ApiKeyId,
}

/// A key of any scope.
#[derive(SecurityScheme)]
#[oai(rename = "api_key", ty = "bearer", checker = "may_read")]
pub(crate) struct Reader(pub(crate) Principal);

/// A key of scope `write` or `admin`.
#[derive(SecurityScheme)]
#[oai(rename = "api_key", ty = "bearer", checker = "may_write")]
pub(crate) struct Writer(pub(crate) Principal);

/// A key of scope `admin`.
#[derive(SecurityScheme)]
#[oai(rename = "api_key", ty = "bearer", checker = "may_administer")]
pub(crate) struct Administrator(pub(crate) Principal);

/// The operator's key.
#[derive(SecurityScheme)]
#[oai(rename = "operator_key", ty = "bearer", checker = "is_operator")]
pub(crate) struct Operator(());

async fn may_read(request: &Request, bearer: Bearer) -> poem::Result<Principal> {
    authenticate(request, &bearer, Scope::Read).await
}

async fn may_write(request: &Request, bearer: Bearer) -> poem::Result<Principal> {
    authenticate(request, &bearer, Scope::Write).await
}

async fn may_administer(request: &Request, bearer: Bearer) -> poem::Result<Principal> {
    authenticate(request, &bearer, Scope::Admin).await
}

async fn authenticate(request: &Request, bearer: &Bearer, needed: Scope) -> poem::Result<Principal> {
    let api = state(request)?;
    let pool = api.db.pool();
    let key = api_key::find(pool, &bearer.token).await.map_err(Problem::from)?.ok_or_else(Problem::unauthorized)?;
    if key.scope < needed {
        let detail = format!("This call needs a key of scope {needed}; yours has {}.", key.scope);
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).into());
    }
    api_key::note_use(pool, &key, api.clock.now()).await.map_err(Problem::from)?;
    Ok(Principal { merchant: key.merchant_id, key: key.id })
}

#[expect(clippy::unused_async, reason = "poem-openapi awaits its checkers")]
async fn is_operator(request: &Request, bearer: Bearer) -> poem::Result<()> {
    let api = state(request)?;
    // Hashes of one length are compared, so the time that it takes tells nothing of the key.
    let presented = sha256(bearer.token.as_bytes());
    let expected = api.operator_key.as_ref().map(Secret::expose).map(|key| sha256(key.as_bytes()));
    if expected.is_some_and(|expected| expected == presented) {
        return Ok(());
    }
    Err(Problem::unauthorized().into())
}

fn state(request: &Request) -> poem::Result<&Api> {
    request.data::<Api>().ok_or_else(|| poem::Error::from_string("no state", StatusCode::INTERNAL_SERVER_ERROR))
}
