//! `/invitation/{token}`: hands a key over to the person it was created for.
//!
//! Chat programs preview every URL sent through them, so opening the page only shows what it is about. Pressing its
//! button shows the key, once; from then on the URL is useless. The page uses the browser's preferred language.

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

use crate::{Api, Problem, buyer::Words};

/// Allows its own form, our style sheet, and our script, which signs in.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

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

/// The content of the page.
#[derive(Serialize)]
struct InvitationPage {
    language: &'static str,
    direction: &'static str,
    title: String,
    /// What the invitation is about, or that it is over.
    sentence: String,
    offer: Option<Offer>,
}

/// A key being handed over.
#[derive(Serialize)]
struct Offer {
    /// What the key may do.
    may: String,
    once: String,
    show: String,
    console: String,
    copy: String,
    copied: String,
    /// The key, the one time that it is shown.
    key: Option<String>,
}

impl InvitationPage {
    /// The page with the key, or with the button to show it.
    fn of(words: &'static Words, merchant: String, invited: &ApiKey, key: Option<&Secret>) -> Self {
        let says = |place: &str| words.of_invitation(place, &invited.name);
        let offer = Offer {
            may: says(may(invited.scope)),
            once: says("once"),
            show: says("show"),
            console: says("console"),
            copy: says("copy"),
            copied: says("copied"),
            key: key.map(|key| key.expose().to_owned()),
        };
        let sentence = says(if key.is_some() { "yours" } else { "offered" });
        Self { title: merchant, sentence, offer: Some(offer), ..Self::over(words) }
    }

    /// The page of an invitation that was accepted, has expired or never existed.
    fn over(words: &'static Words) -> Self {
        Self {
            language: &words.language,
            direction: words.direction(),
            title: words.of_invitation("title", ""),
            sentence: words.of_invitation("over", ""),
            offer: None,
        }
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

/// The name of the text that says what a key may do.
const fn may(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "may_read",
        Scope::Send => "may_send",
        Scope::Write => "may_write",
        Scope::Admin => "may_admin",
    }
}

/// The script that copies the key and signs in with it.
#[handler]
pub(crate) fn script() -> Response {
    Response::builder()
        .content_type("text/javascript; charset=utf-8")
        .header(header::CACHE_CONTROL, "public, max-age=3600")
        .body(include_str!("invitation.js"))
}

/// Shows what the invitation is about.
#[handler]
pub(crate) async fn show(api: Data<&Api>, request: &Request, Path(token): Path<String>) -> Result<Response, Problem> {
    api.throttles.buyers.admit(request, &api)?;
    let pool = api.db.pool();
    let words = words_for(request);
    let Some(key) = api_key::find_invitation(pool, &token, api.clock.now()).await? else { return Ok(over(words)) };
    let owner = merchant::get(pool, key.merchant_id).await?;
    Ok(InvitationPage::of(words, owner.name, &key, None).into_response_with(StatusCode::OK))
}

/// Shows the key, once.
#[handler]
pub(crate) async fn accept(api: Data<&Api>, request: &Request, Path(token): Path<String>) -> Result<Response, Problem> {
    api.throttles.buyers.admit(request, &api)?;
    let (secret, now): (Secret, _) = (random_secret("pk_")?, api.clock.now());
    let tx = api.db.begin().await?;
    let words = words_for(request);
    let Some(key) = api_key::find_invitation(&tx, &token, now).await? else { return Ok(over(words)) };
    // Of two concurrent requests, one gets the key.
    if !api_key::accept(&tx, &token, &secret, now).await? {
        return Ok(over(words));
    }
    let actor = key.id.to_string();
    let act = Act::new(&actor, AuditAction::KeyAccept, &actor).of_merchant(key.merchant_id);
    audit::record(&tx, act, now).await?;
    let owner = merchant::get(&tx, key.merchant_id).await?;
    tx.commit().await?;
    tracing::info!(actor, "an invitation to a key was accepted");
    Ok(InvitationPage::of(words, owner.name, &key, Some(&secret)).into_response_with(StatusCode::OK))
}

fn over(words: &'static Words) -> Response {
    InvitationPage::over(words).into_response_with(StatusCode::NOT_FOUND)
}

fn words_for(request: &Request) -> &'static Words {
    Words::of(request.header(header::ACCEPT_LANGUAGE).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_page_is_said_in_every_language() {
        for language in Words::languages() {
            let words = Words::of(language);
            for place in ["title", "offered", "once", "show", "yours", "console", "copy", "copied", "over"]
                .into_iter()
                .chain(Scope::ALL.iter().map(|scope| may(*scope)))
            {
                let said = words.of_invitation(place, "Front desk");
                assert!(!said.is_empty() && said != place, "{language}: {place}");
            }
            let page = InvitationPage::over(words);
            let html = PAGE.render("page", &page).unwrap();
            assert!(html.contains(&format!("<html lang=\"{language}\" dir=\"{}\">", words.direction())), "{html}");
            assert!(html.contains("<h1><bdi>"), "{html}");
        }
    }
}
