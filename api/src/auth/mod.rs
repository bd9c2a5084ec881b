//! Authentication and authorization. There is one extractor for each scope, so a handler's signature says what it
//! requires.
//!
//! Callers present a key in `Authorization: Bearer`, a short-lived token that a page uses in place of a key, or the
//! cookie of a console session. If a request has both a header and a cookie, the header wins.
//!
//! An address that keeps sending invalid keys is throttled. This never refuses a valid key, whatever else comes from
//! the same address.

pub(crate) mod audit;
pub(crate) mod client_token;
pub(crate) mod watch;

use std::net::IpAddr;

use std::time::Duration;

use domain::{ApiKeyId, MerchantId, client_token::ClientToken};
use entity::{
    Merchant,
    api_key::{self, ApiKey, Scope},
    merchant,
    operator::OperatorKey,
    session::{self, SignedIn},
};
use poem::{
    Request, RequestBody,
    http::StatusCode,
    web::headers::{Authorization, HeaderMapExt, authorization::Bearer},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use sea_orm::DbErr;

use crate::{
    Api, Problem, description,
    http::{access_log, address, cookie, same_origin},
};

/// The authenticated caller: a key, or a session in place of one.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// The merchant that owns the key.
    pub(crate) merchant: MerchantId,
    pub(crate) key: ApiKeyId,
    /// The hash of the session, if the caller used one.
    pub(crate) session: Option<Vec<u8>>,
    /// The client's address.
    pub(crate) address: IpAddr,
    /// The merchant as it was read with the key; `None` for sessions and tokens.
    owner: Option<Box<Merchant>>,
}

impl Principal {
    /// The merchant that owns the key.
    pub(crate) async fn owner(&self, api: &Api) -> Result<Merchant, DbErr> {
        match &self.owner {
            Some(owner) => Ok((**owner).clone()),
            None => merchant::get(api.db.pool(), self.merchant).await,
        }
    }
}

/// The authenticated operator.
#[derive(Debug, Clone)]
pub(crate) struct OperatorPrincipal {
    /// The operator in the audit log.
    pub(crate) actor: String,
    /// The hash of the session, if the caller used one.
    pub(crate) session: Option<Vec<u8>>,
    /// The client's address.
    pub(crate) address: IpAddr,
}

/// A key of any scope.
pub(crate) struct Reader(pub(crate) Principal);

/// A key of scope `send`, `write` or `admin`.
pub(crate) struct Sender(pub(crate) Principal);

/// A key of scope `write` or `admin`.
pub(crate) struct Writer(pub(crate) Principal);

/// A key of scope `admin`.
pub(crate) struct Administrator(pub(crate) Principal);

/// An operator's key.
pub(crate) struct Operator(pub(crate) OperatorPrincipal);

/// A security scheme in the description: its name, and its explanation.
type DescribedKey = (&'static str, &'static str);

const API_KEY: DescribedKey = ("api_key", "A merchant's API key (`pk_…`), or a token for a page (`ct_…`).");
const OPERATOR_KEY: DescribedKey = ("operator_key", "The operator's key (`op_…`), for the calls under *Admin*.");

/// Tells the description which scope a call needs; see [`crate::description`](mod@crate::description). No security
/// scheme has this name.
const fn described(needed: Scope) -> &'static str {
    match needed {
        Scope::Read => "scope:read",
        Scope::Send => "scope:send",
        Scope::Write => "scope:write",
        Scope::Admin => "scope:admin",
    }
}

macro_rules! extracted {
    ($($name:ident of $scope:ident;)+) => { $(
        extracted!($name from API_KEY by async |request, api| authenticate(request, api, Scope::$scope).await,
            described(Scope::$scope));
    )+ };
    ($name:ident from $key:ident by $check:expr $(, $scope:expr)?) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme($key.0, bearer($key.1));
                registry.create_security_scheme("console_session", session_cookie());
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![$key.0, "console_session" $(, $scope)?]
            }

            async fn from_request(
                request: &'a Request,
                body: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let check = $check;
                let api = state(request)?;
                let who = check(request, api).await.inspect_err(|problem| tell_refusal(request, api, problem))?;
                description::check(request, body).await?;
                Ok(Self(who))
            }
        }
    };
}

extracted! {
    Reader of Read;
    Sender of Send;
    Writer of Write;
    Administrator of Admin;
}
extracted!(Operator from OPERATOR_KEY by authenticate_operator);

/// How long recording a use may delay the request.
const NOTE_WITHIN: Duration = Duration::from_millis(500);

/// The credentials of a request.
enum Presented {
    Key(String),
    Session(String),
}

fn presented(request: &Request, api: &Api) -> Result<Presented, Problem> {
    if let Some(bearer) = request.headers().typed_get::<Authorization<Bearer>>() {
        return Ok(Presented::Key(bearer.token().to_owned()));
    }
    cookie::read(request, api).map(Presented::Session).ok_or_else(Problem::unauthorized)
}

async fn authenticate(request: &Request, api: &Api, needed: Scope) -> Result<Principal, Problem> {
    let (key, session, owner) = match presented(request, api)? {
        Presented::Key(token) if ClientToken::is_one(&token) => {
            (client_token::holder(request, api, &token).await?, None, None)
        }
        Presented::Key(key) => match holder(request, api, &key).await? {
            Some(Holder::Merchant(key, owner)) => (key, None, Some(owner)),
            Some(Holder::Operator(_)) | None => return Err(Problem::unauthorized()),
        },
        Presented::Session(token) => match signed_in(request, api, &token).await? {
            SignedIn::Merchant(session, key) => (key, Some(session.hash), None),
            SignedIn::Operator(..) => return Err(Problem::unauthorized()),
        },
    };
    // Refused calls count too, since finding out that they are refused costs as much.
    api.budgets.spend(request, key.merchant_id)?;
    if key.scope < needed {
        let detail = format!("This call needs a key of scope {needed}; yours has {}.", key.scope);
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    note(api_key::note_use(api.db.writer(), &key, api.clock.now())).await;
    access_log::record_merchant(key.merchant_id);
    Ok(Principal {
        merchant: key.merchant_id,
        key: key.id,
        session,
        address: address::of(request, &api.trusted_proxies),
        owner,
    })
}

/// Records a use without failing the request, since reading must work without writing.
async fn note<T>(written: impl Future<Output = Result<T, DbErr>>) {
    match tokio::time::timeout(NOTE_WITHIN, written).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the use of a key could not be noted"),
        Err(_elapsed) => tracing::warn!("the use of a key was not noted in time"),
    }
}

async fn authenticate_operator(request: &Request, api: &Api) -> Result<OperatorPrincipal, Problem> {
    let (key, session) = match presented(request, api)? {
        Presented::Key(key) => match holder(request, api, &key).await? {
            Some(Holder::Operator(key)) => (key, None),
            Some(Holder::Merchant(..)) | None => return Err(Problem::unauthorized()),
        },
        Presented::Session(token) => match signed_in(request, api, &token).await? {
            SignedIn::Operator(session, key) => (key, Some(session.hash)),
            SignedIn::Merchant(..) => return Err(Problem::unauthorized()),
        },
    };
    Ok(OperatorPrincipal { actor: key.actor(), session, address: address::of(request, &api.trusted_proxies) })
}

/// The session of this token. Browsers send cookies with any request, so this one must come from our own page.
async fn signed_in(request: &Request, api: &Api, token: &str) -> Result<SignedIn, Problem> {
    same_origin::check(request, api)?;
    let (pool, now) = (api.db.pool(), api.clock.now());
    let found = session::find(pool, token, &api.operators, now).await?;
    let signed_in = found.ok_or_else(Problem::session_expired)?;
    let (session, key_ends) = match &signed_in {
        SignedIn::Merchant(session, key) => (session, key.expires_at),
        SignedIn::Operator(session, _) => (session, None),
    };
    note(session::note_use(api.db.writer(), session, key_ends, now)).await;
    Ok(signed_in)
}

/// The holder of a key.
pub(crate) enum Holder {
    /// A merchant, with this key.
    Merchant(ApiKey, Box<Merchant>),
    /// An operator.
    Operator(OperatorKey),
}

/// The holder of this key. An invalid key counts as a guess; too many guesses from one address are answered with 429.
pub(crate) async fn holder(request: &Request, api: &Api, key: &str) -> Result<Option<Holder>, Problem> {
    if let Some(key) = api.operators.find(key) {
        return Ok(Some(Holder::Operator(key.clone())));
    }
    let found = api_key::find(api.db.pool(), key, api.clock.now()).await?;
    if found.is_none() {
        api.throttles.guesses.admit(request, api)?;
    }
    Ok(found.map(|(key, owner)| Holder::Merchant(key, Box::new(owner))))
}

/// Logs a refused caller and the address. Internal errors are logged elsewhere.
fn tell_refusal(request: &Request, api: &Api, problem: &Problem) {
    if problem.is_refusal() {
        let address = address::of(request, &api.trusted_proxies);
        tracing::info!(%address, code = problem.code(), "a caller was refused");
    }
}

fn state(request: &Request) -> Result<&Api, Problem> {
    request.data::<Api>().ok_or_else(|| Problem::internal("a request came without the state"))
}

fn bearer(description: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme { scheme: Some("bearer"), description: Some(description), ..scheme("http") }
}

fn session_cookie() -> MetaSecurityScheme {
    MetaSecurityScheme {
        description: Some(
            "The console's own session; behind TLS the cookie's name begins with `__Host-`. Calls that change something also \
             need the header `X-Paylink-Console: 1`.",
        ),
        name: Some(cookie::NAME),
        key_in: Some("cookie"),
        ..scheme("apiKey")
    }
}

const fn scheme(ty: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty,
        description: None,
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}
