//! `/invitation/{token}`: hands a key over to the person it was made for.
//!
//! Chat programs fetch every address that is sent through them, so a GET only shows what the invitation is for. Pressing the button reveals
//! the key, once; after that the address is dead.

use std::sync::LazyLock;

use domain::{Secret, random_secret};
use entity::{
    AuditAction,
    api_key::{self, ApiKey, Scope},
    audit::{self, Act},
    merchant,
};
use handlebars::Handlebars;
use poem::{
    IntoResponse, Request, Response, handler,
    http::{StatusCode, header},
    web::{Data, Path},
};
use serde::Serialize;

use crate::{Api, Problem};

/// Its own form, and our style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static PAGE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    #[expect(
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "the template is part of the program; a test renders it"
    )]
    handlebars.register_template_string("page", include_str!("invitation.hbs")).expect("the template parses");
    handlebars
});

/// What the page shows.
#[derive(Default, Serialize)]
struct InvitationPage {
    /// Whose invitation it is; absent: it is none any more.
    merchant: Option<String>,
    /// What the key is called.
    name: Option<String>,
    /// What it may do.
    may: Option<&'static str>,
    /// The key, the one time that it is shown.
    key: Option<String>,
}

impl InvitationPage {
    fn of(merchant: String, key: &ApiKey) -> Self {
        Self { merchant: Some(merchant), name: Some(key.name.clone()), may: Some(may(key.scope)), key: None }
    }

    fn into_response_with(self, status: StatusCode) -> Response {
        match PAGE.render("page", &self) {
            Ok(html) => Response::builder()
                .status(status)
                .content_type("text/html; charset=utf-8")
                .header(header::CONTENT_SECURITY_POLICY, POLICY)
                .header(header::CACHE_CONTROL, "no-store")
                .header("X-Robots-Tag", "noindex, nofollow")
                .body(html),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

const fn may(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "see orders, links, conversations and credits",
        Scope::Send => "see everything, send links and remind of them",
        Scope::Write => "make, send and void links, and answer buyers",
        Scope::Admin => "do everything, settings and keys included",
    }
}

/// What it is about.
#[handler]
pub(crate) async fn show(api: Data<&Api>, request: &Request, Path(token): Path<String>) -> Result<Response, Problem> {
    api.throttles.buyers.admit(request, &api)?;
    let pool = api.db.pool();
    let Some(key) = api_key::find_invitation(pool, &token, api.clock.now()).await? else { return Ok(over()) };
    let owner = merchant::get(pool, key.merchant_id).await?;
    Ok(InvitationPage::of(owner.name, &key).into_response_with(StatusCode::OK))
}

/// The key, once.
#[handler]
pub(crate) async fn accept(api: Data<&Api>, request: &Request, Path(token): Path<String>) -> Result<Response, Problem> {
    api.throttles.buyers.admit(request, &api)?;
    let (secret, now): (Secret, _) = (random_secret("pk_")?, api.clock.now());
    let tx = api.db.begin().await?;
    let Some(key) = api_key::find_invitation(&tx, &token, now).await? else { return Ok(over()) };
    // Of two at once one is shown the key.
    if !api_key::accept(&tx, &token, &secret, now).await? {
        return Ok(over());
    }
    let actor = key.id.to_string();
    let act = Act::new(&actor, AuditAction::KeyAccept, &actor).of_merchant(key.merchant_id);
    audit::record(&tx, act, now).await?;
    let owner = merchant::get(&tx, key.merchant_id).await?;
    tx.commit().await?;
    tracing::info!(actor, "an invitation to a key was accepted");
    let page = InvitationPage { key: Some(secret.expose().to_owned()), ..InvitationPage::of(owner.name, &key) };
    Ok(page.into_response_with(StatusCode::OK))
}

/// The same for one that was accepted, is over or never was.
fn over() -> Response {
    InvitationPage::default().into_response_with(StatusCode::NOT_FOUND)
}
