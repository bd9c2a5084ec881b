//! Who calls, and what they may do: one extractor a scope, so that a handler's signature says what it takes.
//!
//! A key in `Authorization: Bearer` or the cookie of a console session, which stands in for the key that it was given for. Where
//! both are sent, the key counts.

use std::time::Duration;

use entity::{
    ApiKeyId, MerchantId, Secret,
    api_key::{self, ApiKey, Scope},
    session::{self, SignedIn},
    sha256,
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

use crate::{Api, Problem, access, cookie, same_origin};

/// The key that called, or for which a session called, and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// Whose key.
    pub(crate) merchant: MerchantId,
    /// Which key.
    pub(crate) key: ApiKeyId,
}

/// A key of any scope.
pub(crate) struct Reader(pub(crate) Principal);

/// A key of scope `write` or `admin`.
pub(crate) struct Writer(pub(crate) Principal);

/// A key of scope `admin`.
pub(crate) struct Administrator(pub(crate) Principal);

/// The operator's key.
pub(crate) struct Operator(());

macro_rules! extracted {
    ($($name:ident from $key:literal by $check:expr;)+) => { $(
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme($key, bearer());
                registry.create_security_scheme("console_session", session_cookie());
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![$key, "console_session"]
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let check = $check;
                Ok(check(request).await.map(Self)?)
            }
        }
    )+ };
}

extracted! {
    Reader from "api_key" by async |request| authenticate(request, Scope::Read).await;
    Writer from "api_key" by async |request| authenticate(request, Scope::Write).await;
    Administrator from "api_key" by async |request| authenticate(request, Scope::Admin).await;
    Operator from "operator_key" by is_operator;
}

/// How long a note about the use of a key or a session may keep waiting who uses it.
const NOTE_WITHIN: Duration = Duration::from_millis(500);

/// What a request shows of who sends it.
enum Presented {
    Key(String),
    Session(String),
}

fn presented(request: &Request) -> Result<Presented, Problem> {
    if let Some(bearer) = request.headers().typed_get::<Authorization<Bearer>>() {
        return Ok(Presented::Key(bearer.token().to_owned()));
    }
    cookie::read(request).map(Presented::Session).ok_or_else(Problem::unauthorized)
}

async fn authenticate(request: &Request, needed: Scope) -> Result<Principal, Problem> {
    let api = state(request)?;
    let key = match presented(request)? {
        Presented::Key(key) => api_key::find(api.db.pool(), &key).await?.ok_or_else(Problem::unauthorized)?,
        Presented::Session(token) => match signed_in(request, api, &token).await? {
            SignedIn::Merchant(_, key) => key,
            SignedIn::Operator(_) => return Err(Problem::unauthorized()),
        },
    };
    if key.scope < needed {
        let detail = format!("This call needs a key of scope {needed}; yours has {}.", key.scope);
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    note(api_key::note_use(api.db.writer(), &key, api.clock.now())).await;
    access::is_of(key.merchant_id);
    Ok(Principal { merchant: key.merchant_id, key: key.id })
}

/// Writes a note about what is asked, which is answered even if the note cannot be written: to read needs no writing.
async fn note<T>(written: impl Future<Output = Result<T, DbErr>>) {
    match tokio::time::timeout(NOTE_WITHIN, written).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the use of a key could not be noted"),
        Err(_elapsed) => tracing::warn!("the use of a key was not noted in time"),
    }
}

async fn is_operator(request: &Request) -> Result<(), Problem> {
    let api = state(request)?;
    match presented(request)? {
        Presented::Key(key) if is_operator_key(api, &key) => Ok(()),
        Presented::Key(_) => Err(Problem::unauthorized()),
        Presented::Session(token) => match signed_in(request, api, &token).await? {
            SignedIn::Operator(_) => Ok(()),
            SignedIn::Merchant(..) => Err(Problem::unauthorized()),
        },
    }
}

/// The session of this token. A browser sends cookies by itself, so it must be our own page that asks.
async fn signed_in(request: &Request, api: &Api, token: &str) -> Result<SignedIn, Problem> {
    same_origin::check(request, api)?;
    let (pool, now) = (api.db.pool(), api.clock.now());
    let found = session::find(pool, token, api.operator_key.as_ref(), now).await?;
    let signed_in = found.ok_or_else(Problem::session_expired)?;
    match &signed_in {
        SignedIn::Merchant(session, _) | SignedIn::Operator(session) => {
            note(session::note_use(api.db.writer(), session, now)).await;
        }
    }
    Ok(signed_in)
}

/// Who a key belongs to.
pub(crate) enum Holder {
    /// A merchant.
    Merchant(ApiKey),
    /// The operator.
    Operator,
}

/// Whose key this is, if it is one.
pub(crate) async fn holder(api: &Api, key: &str) -> Result<Option<Holder>, Problem> {
    if is_operator_key(api, key) {
        return Ok(Some(Holder::Operator));
    }
    Ok(api_key::find(api.db.pool(), key).await?.map(Holder::Merchant))
}

/// Hashes of one length are compared, so the time that it takes tells nothing of the key.
fn is_operator_key(api: &Api, presented: &str) -> bool {
    let presented = sha256(presented.as_bytes());
    let expected = api.operator_key.as_ref().map(Secret::expose).map(|key| sha256(key.as_bytes()));
    expected.is_some_and(|expected| expected == presented)
}

fn state(request: &Request) -> Result<&Api, Problem> {
    request.data::<Api>().ok_or_else(|| Problem::internal("a request came without the state"))
}

fn bearer() -> MetaSecurityScheme {
    MetaSecurityScheme { scheme: Some("bearer"), ..scheme("http") }
}

fn session_cookie() -> MetaSecurityScheme {
    MetaSecurityScheme {
        description: Some(
            "The console's own session. Calls that change something also need the header `X-Paylink-Console: 1`.",
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
