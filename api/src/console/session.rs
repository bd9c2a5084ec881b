//! `/console/session`: exchanges a key for a session, whose cookie scripts cannot read.

use chrono::{DateTime, Utc};
use domain::{MerchantId, Secret, random_token};
use entity::{
    AuditAction, Merchant,
    api_key::ApiKey,
    audit::{self, Act},
    merchant,
    session::{self, Session, SignedIn, Whence, Who},
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
    http::{address, cookie, same_origin},
};

/// The longest stored user agent, in characters.
const LONGEST_AGENT: usize = 200;

/// The key to sign in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// A merchant's API key or an operator's key.
    api_key: Secret,
}

/// Who is signed in.
#[derive(Debug, Serialize)]
struct ConsoleSessionView {
    signed_in: bool,
    #[serde(flatten)]
    who: Option<WhoView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one is made for an answer, and is gone with it")]
enum WhoView {
    Merchant {
        merchant: SignedInMerchant,
        key: SignedInKey,
    },
    Operator {
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

#[derive(Debug, Serialize)]
struct SignedInMerchant {
    id: String,
    name: String,
    time_zone: String,
    region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

#[derive(Debug, Serialize)]
struct SignedInKey {
    id: String,
    name: String,
    scope: String,
    last_four: String,
}

impl ConsoleSessionView {
    const NOBODY: Self = Self { signed_in: false, who: None, expires_at: None };

    fn of_operator(session: Session) -> Self {
        let operator = WhoView::Operator { name: session.operator_name };
        Self { signed_in: true, who: Some(operator), expires_at: Some(session.expires_at) }
    }

    fn of_merchant(owner: Merchant, key: ApiKey, expires_at: DateTime<Utc>) -> Self {
        let merchant = SignedInMerchant {
            id: owner.id.to_string(),
            name: owner.name,
            time_zone: owner.time_zone,
            region: owner.region.as_str().to_owned(),
            language: owner.language,
            currency: owner.currency.map(|currency| currency.as_str().to_owned()),
        };
        let key = SignedInKey {
            id: key.id.to_string(),
            name: key.name,
            scope: key.scope.to_string(),
            last_four: key.last_four,
        };
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

/// Signs in. Ends the browser's previous session.
#[handler]
pub(crate) async fn sign_in(api: Data<&Api>, request: &Request, input: Json<SignIn>) -> Result<Response, Problem> {
    same_origin::check(request, &api)?;
    let token = random_token("")?;
    match begin(&api, request, input.api_key.expose(), &token).await {
        Ok(view) => Ok(view.into_response_with(Some(&cookie::give(&api, &token)))),
        Err(problem) => {
            if problem.is_refusal() {
                let address = address::of(request, &api.trusted_proxies);
                tracing::info!(%address, code = problem.code(), "signing in was refused");
            }
            Err(problem)
        }
    }
}

async fn begin(api: &Api, request: &Request, key: &str, token: &Secret) -> Result<ConsoleSessionView, Problem> {
    let now = api.clock.now();
    let found = holder(request, api, key).await?.ok_or_else(Problem::unknown_key)?;
    if let Holder::Merchant(key, _) = &found {
        // Each sign-in writes to the database.
        api.budgets.spend(request, key.merchant_id)?;
    }
    let tx = api.db.begin().await?;
    if let Some(before) = cookie::read(request, api) {
        session::end(&tx, &before, &api.operators).await?;
    }
    let (actor, view, session) = match found {
        Holder::Merchant(key, _) => {
            // Locks the merchant: a suspension ends all sessions that were created before, and none is created after
            // it.
            let owner = merchant::hold(&tx, key.merchant_id).await?;
            if owner.is_suspended() {
                return Err(Problem::suspended());
            }
            let session = session::begin(&tx, token, Who::Merchant(&key), whence(request, api), now).await?;
            audit::record(&tx, act(AuditAction::SessionBegin, &session, Some(owner.id), &key.id.to_string()), now)
                .await?;
            let id = session.id();
            (key.id.to_string(), ConsoleSessionView::of_merchant(owner, key, session.expires_at), id)
        }
        Holder::Operator(key) => {
            let session = session::begin(&tx, token, Who::Operator(&key), whence(request, api), now).await?;
            audit::record(&tx, act(AuditAction::SessionBegin, &session, None, &key.actor()), now).await?;
            let id = session.id();
            (key.actor(), ConsoleSessionView::of_operator(session), id)
        }
    };
    tx.commit().await?;
    let address = address::of(request, &api.trusted_proxies);
    tracing::info!(actor, %address, %session, "signed in");
    Ok(view)
}

/// The audit entry of a session.
fn act<'a>(action: AuditAction, session: &Session, merchant_id: Option<MerchantId>, actor: &'a str) -> Act<'a> {
    Act::new(actor, action, &session.id()).of_merchant(merchant_id)
}

/// Where a sign-in comes from, according to the request.
fn whence(request: &Request, api: &Api) -> Whence {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Whence {
        address: Some(address::of(request, &api.trusted_proxies).to_string()),
        agent: agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
    }
}

/// Returns who is signed in. Does not extend the session, and is no error if no one is signed in.
#[handler]
pub(crate) async fn who(api: Data<&Api>, request: &Request) -> Result<Response, Problem> {
    let Some(token) = cookie::read(request, &api) else {
        return Ok(ConsoleSessionView::NOBODY.into_response_with(None));
    };
    let pool = api.db.pool();
    let view = match session::find(pool, &token, &api.operators, api.clock.now()).await? {
        Some(SignedIn::Merchant(session, key)) => {
            ConsoleSessionView::of_merchant(merchant::get(pool, key.merchant_id).await?, key, session.expires_at)
        }
        Some(SignedIn::Operator(session, _)) => ConsoleSessionView::of_operator(session),
        None => ConsoleSessionView::NOBODY,
    };
    Ok(view.into_response_with(None))
}

/// Signs out. Succeeds even if no one is signed in.
#[handler]
pub(crate) async fn sign_out(api: Data<&Api>, request: &Request) -> Result<Response, Problem> {
    same_origin::check(request, &api)?;
    if let Some(token) = cookie::read(request, &api) {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let signed_in = session::find(&tx, &token, &api.operators, now).await?;
        session::end(&tx, &token, &api.operators).await?;
        if let Some(signed_in) = &signed_in {
            let (merchant, actor, session) = match signed_in {
                SignedIn::Merchant(session, key) => (Some(key.merchant_id), key.id.to_string(), session),
                SignedIn::Operator(session, key) => (None, key.actor(), session),
            };
            audit::record(&tx, act(AuditAction::SessionEnd, session, merchant, &actor), now).await?;
            let address = address::of(request, &api.trusted_proxies);
            tracing::info!(actor, %address, session = %session.id(), "signed out");
        }
        tx.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT.with_header(header::SET_COOKIE, cookie::take_away(&api)).into_response())
}
