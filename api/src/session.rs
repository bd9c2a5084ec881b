//! `/console/session`: a key is exchanged for a session, whose cookie no script can read.

use chrono::{DateTime, Utc};
use entity::{
    Merchant, Secret,
    api_key::ApiKey,
    merchant, random_token,
    session::{self, SignedIn, Who},
};
use poem::{
    IntoResponse, Request, Response, handler,
    http::{StatusCode, header},
    web::{Data, Json},
};
use serde::{Deserialize, Serialize};

use crate::{
    Api, Problem,
    auth::{Holder, holder},
    cookie, same_origin,
};

/// The key to sign in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// A merchant's API key or the operator's key.
    api_key: Secret,
}

/// Who is signed in.
#[derive(Debug, Serialize)]
struct SessionView {
    signed_in: bool,
    #[serde(flatten)]
    who: Option<WhoView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum WhoView {
    Merchant { merchant: MerchantView, key: KeyView },
    Operator,
}

#[derive(Debug, Serialize)]
struct MerchantView {
    id: String,
    name: String,
    time_zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

#[derive(Debug, Serialize)]
struct KeyView {
    id: String,
    name: String,
    scope: String,
    last_four: String,
}

impl SessionView {
    const NOBODY: Self = Self { signed_in: false, who: None, expires_at: None };

    fn of_operator(expires_at: DateTime<Utc>) -> Self {
        Self { signed_in: true, who: Some(WhoView::Operator), expires_at: Some(expires_at) }
    }

    fn of_merchant(owner: Merchant, key: ApiKey, expires_at: DateTime<Utc>) -> Self {
        let merchant = MerchantView {
            id: owner.id.to_string(),
            name: owner.name,
            time_zone: owner.time_zone,
            currency: owner.currency.map(|currency| currency.as_str().to_owned()),
        };
        let key =
            KeyView { id: key.id.to_string(), name: key.name, scope: key.scope.to_string(), last_four: key.last_four };
        Self { signed_in: true, who: Some(WhoView::Merchant { merchant, key }), expires_at: Some(expires_at) }
    }

    fn into_response_with(self, cookie: Option<&str>) -> Response {
        let response = Json(self).with_header(header::CACHE_CONTROL, "no-store");
        match cookie {
            Some(cookie) => response.with_header(header::SET_COOKIE, cookie).into_response(),
            None => response.into_response(),
        }
    }
}

/// Signs in. A session that the browser had before ends.
#[handler]
pub(crate) async fn sign_in(api: Data<&Api>, request: &Request, input: Json<SignIn>) -> Result<Response, Problem> {
    same_origin::check(request, &api)?;
    api.throttles.sign_in.admit(request, &api)?;
    let (now, token) = (api.clock.now(), random_token("")?);
    let found = holder(&api, input.api_key.expose()).await?;
    let tx = api.db.begin().await?;
    if let Some(before) = cookie::read(request) {
        session::end(&tx, &before, api.operator_key.as_ref()).await?;
    }
    let view = match (found, &api.operator_key) {
        (Some(Holder::Merchant(key)), _) => {
            let session = session::begin(&tx, &token, Who::Merchant(&key), now).await?;
            SessionView::of_merchant(merchant::get(&tx, key.merchant_id).await?, key, session.expires_at)
        }
        (Some(Holder::Operator), Some(key)) => {
            let session = session::begin(&tx, &token, Who::Operator(key), now).await?;
            SessionView::of_operator(session.expires_at)
        }
        (Some(Holder::Operator), None) | (None, _) => return Err(Problem::unknown_key()),
    };
    tx.commit().await?;
    Ok(view.into_response_with(Some(&cookie::give(&api, &token))))
}

/// Tells who is signed in. To ask is no use: the session is not prolonged, and that nobody is signed in is no error.
#[handler]
pub(crate) async fn who(api: Data<&Api>, request: &Request) -> Result<Response, Problem> {
    let Some(token) = cookie::read(request) else { return Ok(SessionView::NOBODY.into_response_with(None)) };
    let pool = api.db.pool();
    let view = match session::find(pool, &token, api.operator_key.as_ref(), api.clock.now()).await? {
        Some(SignedIn::Merchant(session, key)) => {
            SessionView::of_merchant(merchant::get(pool, key.merchant_id).await?, key, session.expires_at)
        }
        Some(SignedIn::Operator(session)) => SessionView::of_operator(session.expires_at),
        None => SessionView::NOBODY,
    };
    Ok(view.into_response_with(None))
}

/// Signs out; also when nobody is signed in any more.
#[handler]
pub(crate) async fn sign_out(api: Data<&Api>, request: &Request) -> Result<Response, Problem> {
    same_origin::check(request, &api)?;
    if let Some(token) = cookie::read(request) {
        session::end(api.db.pool(), &token, api.operator_key.as_ref()).await?;
    }
    Ok(StatusCode::NO_CONTENT.with_header(header::SET_COOKIE, cookie::take_away(&api)).into_response())
}
