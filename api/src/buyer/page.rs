//! The content of the buyer's page in each state of the link.

mod subject;

use std::{collections::BTreeMap, sync::LazyLock};

use entity::{Order, link, order::Tag};
use handlebars::Handlebars;
use poem::{
    IntoResponse, Response,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::{
    contact::Contact,
    page_state::PageState,
    words::{PageNotice, Words},
};
use crate::Problem;
pub(super) use subject::PageSubject;

static PAGE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    #[expect(
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "the template is part of the program; a test renders it"
    )]
    handlebars.register_template_string("page", include_str!("page.hbs")).expect("the template parses");
    handlebars
});

/// The page, ready to render.
#[derive(Debug, Serialize)]
pub(super) struct BuyerPage {
    title: String,
    token: Option<String>,
    page_state: Option<PageState>,
    merchant: Option<MerchantPart>,
    sentence: String,
    /// Whether the link is paid, and not simply so.
    is_contested: bool,
    language: &'static str,
    /// The fixed texts of the template.
    words: &'static BTreeMap<String, String>,
    invoice: Option<InvoicePart>,
    /// How the page refreshes itself.
    again: Option<Again>,
    /// Whether to report that a person has seen the page.
    beacon: bool,
    #[serde(skip)]
    status: StatusCode,
    /// Whether the buyer may ask for a new link.
    can_want_new_link: bool,
    /// The notice that the buyer has asked for a new link.
    new_link_wanted: Option<String>,
    /// The text direction, as HTML's `dir`.
    direction: &'static str,
    /// The target of Pay; `None` hides the button.
    pays_at: Option<String>,
}

/// How the page refreshes itself.
#[derive(Debug, Serialize)]
struct Again {
    /// The script's interval in seconds.
    seconds: u32,
    /// The interval in seconds of reloads without scripts.
    slowly: u32,
    /// The URL to load.
    page: String,
}

#[derive(Debug, Serialize)]
struct MerchantPart {
    name: String,
    contact: Option<String>,
    /// The links in the contact line.
    reach: Option<Contact>,
    logo: Option<LogoPart>,
    /// The name of the colour's style sheet.
    colour: Option<String>,
}

#[derive(Debug, Serialize)]
struct LogoPart {
    width: i64,
    height: i64,
}

/// The invoice on the page, while it may be shown.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked by the template, by itself")]
struct InvoicePart {
    /// A first name and the last digits of a number: enough for the buyer to recognise, and no more for others.
    customer: Option<String>,
    number: String,
    amount: String,
    paid_on: Option<String>,
    /// The day by which the order is to be paid, while it can be paid.
    due_on: Option<String>,
    expires_on: String,
    /// Absent: there is no invoice, as of an order that was paid without being asked for.
    fingerprint: Option<String>,
    payable: bool,
    can_say_unpaid: bool,
    has_picture: bool,
    can_deny: bool,
    /// The question that asks a buyer who does not recognise the request to confirm.
    sure: Option<String>,
    /// The notice that the merchant was told that the buyer does not recognise the request.
    denied: Option<String>,
    /// What was refunded of the payment.
    refunded: Option<String>,
    /// The items of the order.
    items: Vec<String>,
    /// Whether there is a receipt.
    has_receipt: bool,
    /// The choice of a payment day; `None` once the buyer has named one.
    pay_later: Option<PayLaterPart>,
    /// The notice that the buyer has named a day.
    expected: Option<String>,
    pay: String,
    secured: String,
}

/// The days the buyer may choose from.
#[derive(Debug, Serialize)]
struct PayLaterPart {
    first: String,
    last: String,
}

/// Whether the buyer of this closed link may still ask for another one.
pub(super) fn may_want_new_link(link: &link::Model, order: Option<&Order>) -> bool {
    let is_paid = order.is_none_or(|order| order.tag == Tag::Paid);
    link.new_link_wanted_at.is_none() && link.purged_at.is_none() && !is_paid
}

impl BuyerPage {
    /// A page with a single sentence.
    pub(super) fn saying(notice: &'static PageNotice, words: &'static Words, status: StatusCode) -> Self {
        Self {
            title: notice.title.clone(),
            token: None,
            page_state: None,
            merchant: None,
            sentence: notice.sentence.clone(),
            is_contested: false,
            language: &words.language,
            words: &words.labels,
            invoice: None,
            again: None,
            beacon: false,
            status,
            can_want_new_link: false,
            new_link_wanted: None,
            direction: words.direction(),
            pays_at: None,
        }
    }

    /// The page for an unknown token.
    pub(super) fn unknown(words: &'static Words) -> Self {
        Self::saying(&words.unknown, words, StatusCode::NOT_FOUND)
    }

    /// The page of a link.
    pub(super) fn of(subject: &PageSubject<'_>) -> Result<Self, Problem> {
        let (link, page_state) = (subject.link, subject.page_state);
        let of_money = subject.of_money();
        Ok(Self {
            title: subject.owner.name.clone(),
            token: Some(subject.token.to_owned()),
            page_state: Some(page_state),
            merchant: Some(subject.merchant()),
            is_contested: of_money.is_some(),
            sentence: of_money.unwrap_or_else(|| subject.sentence()),
            language: &subject.words.language,
            words: &subject.words.labels,
            invoice: subject.invoice()?,
            again: subject.again(),
            beacon: link.viewed_at.is_none() && page_state.shows_invoice() && !subject.is_merchants_own,
            status: page_state.status(),
            can_want_new_link: page_state.is_closed()
                && !subject.has_newer_link
                && may_want_new_link(link, subject.order),
            new_link_wanted: (page_state.is_closed() && !subject.has_newer_link && link.new_link_wanted_at.is_some())
                .then(|| subject.words.new_link_wanted(&subject.owner.name)),
            direction: subject.words.direction(),
            pays_at: link.stripe_url.as_deref().filter(|_| page_state == PageState::Open).and_then(origin),
        })
    }

    /// The response, with `Retry-After`.
    pub(super) fn into_response_after(self, refused: &Problem) -> Response {
        let seconds = refused.retry_after().unwrap_or(1);
        self.into_response().with_header(header::RETRY_AFTER, seconds).into_response()
    }

    /// The policy, which allows the form's target: this page, which redirects to Stripe. Browsers check the redirect
    /// too.
    fn policy(&self) -> String {
        let form_action = self.pays_at.as_deref().unwrap_or_default();
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'self' {form_action}; frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

/// The origin of a URL: `https://buy.stripe.com` of `https://buy.stripe.com/abc`.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = host.chars().all(|character| character.is_ascii_alphanumeric() || ".-:[]".contains(character));
    plain.then(|| format!("{scheme}://{host}"))
}

impl IntoResponse for BuyerPage {
    fn into_response(self) -> Response {
        match PAGE.render("page", &self) {
            Ok(html) => Response::builder()
                .status(self.status)
                .content_type("text/html; charset=utf-8")
                .header(header::CONTENT_SECURITY_POLICY, self.policy())
                .header(header::CACHE_CONTROL, "no-store")
                .header(header::VARY, "Accept-Language")
                .header("X-Robots-Tag", "noindex, nofollow")
                .body(html),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_token_gets_a_kind_page() {
        let response = BuyerPage::unknown(Words::of("")).into_response();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let html = response.into_body().into_string().await.unwrap();
        assert!(html.contains("There is no invoice here."));
        assert!(!html.contains("<script") && !html.contains("<form") && !html.contains("<img"));
    }

    #[test]
    fn a_form_may_lead_to_where_the_link_is_paid_and_nowhere_else() {
        assert_eq!(origin("https://buy.stripe.com/abc?x").as_deref(), Some("https://buy.stripe.com"));
        assert_eq!(origin("http://127.0.0.1:4242/pay/x").as_deref(), Some("http://127.0.0.1:4242"));
        assert_eq!(origin("https://a b;script-src *"), None);
    }
}
