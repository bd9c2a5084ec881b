//! What the buyer's page says in each standing of the link, and with which status.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use entity::{LinkState, Merchant, link};
use handlebars::Handlebars;
use poem::{
    IntoResponse, Response,
    http::{StatusCode, header},
};
use serde::Serialize;

use crate::{Problem, v1::can_be_paid};

static PAGE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    #[expect(clippy::expect_used, reason = "the template is part of the program; a test renders it")]
    handlebars.register_template_string("page", include_str!("page.hbs")).expect("the template parses");
    handlebars
});

/// What a link is to its buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// It will be there in a moment.
    Preparing,
    /// It can be paid.
    Open,
    /// The buyer comes from Stripe, and Stripe has not told us yet.
    Confirming,
    /// Stripe is waiting for the money.
    Processing,
    /// It is paid.
    Paid,
    /// The merchant took it back.
    Voided,
    /// Its time is over.
    Expired,
}

impl Standing {
    pub(super) fn of(link: &link::Model, now: DateTime<Utc>) -> Self {
        match link.state {
            LinkState::Creating | LinkState::Failed => Self::Preparing,
            LinkState::Unpaid if can_be_paid(link, now) => Self::Open,
            LinkState::Unpaid | LinkState::Expiring | LinkState::Expired => Self::Expired,
            LinkState::Processing => Self::Processing,
            LinkState::Paid => Self::Paid,
            LinkState::Voiding | LinkState::Voided => Self::Voided,
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Preparing | Self::Open | Self::Confirming | Self::Processing | Self::Paid => StatusCode::OK,
            Self::Voided | Self::Expired => StatusCode::GONE,
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Preparing => "This invoice is being prepared. It will be here in a moment.",
            Self::Open => "",
            Self::Confirming => "Thank you. Your payment is being confirmed; this page will say so in a moment.",
            Self::Processing => "Thank you. Your payment is being processed; there is nothing more to do.",
            Self::Paid => "Thank you. This invoice is paid.",
            Self::Voided => {
                "This payment link was withdrawn. If you think you still have to pay, please ask the merchant."
            }
            Self::Expired => "This payment link has expired. Please ask the merchant for a new one.",
        }
    }
}

/// The page, ready to be sent.
#[derive(Debug, Serialize)]
pub(super) struct BuyerPage {
    title: String,
    merchant: Option<String>,
    contact: Option<String>,
    sentence: Option<&'static str>,
    invoice: Option<Invoice>,
    /// The page looks again by itself.
    refresh: bool,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    pays_at: Option<String>,
}

/// What is asked, while it may be shown.
#[derive(Debug, Serialize)]
struct Invoice {
    number: String,
    amount: String,
    token: String,
    expires_on: String,
    payable: bool,
}

impl BuyerPage {
    /// The page of a token that is none.
    pub(super) fn unknown() -> Self {
        Self {
            title: "Not found".to_owned(),
            merchant: None,
            contact: None,
            sentence: Some("There is no invoice here. Please check the link that you were sent."),
            invoice: None,
            refresh: false,
            status: StatusCode::NOT_FOUND,
            pays_at: None,
        }
    }

    /// The page of a link.
    pub(super) fn of(link: &link::Model, owner: &Merchant, token: &str, standing: Standing) -> Result<Self, Problem> {
        let payable = standing == Standing::Open;
        let shown = payable || matches!(standing, Standing::Confirming | Standing::Processing | Standing::Paid);
        let invoice = match (&link.invoice_number, link.money()?) {
            (Some(number), Some(money)) if shown => Some(Invoice {
                number: number.clone(),
                amount: money.to_people(),
                token: token.to_owned(),
                expires_on: owner.day_of(link.expires_at).format("%-d %B %Y").to_string(),
                payable,
            }),
            _ => None,
        };
        Ok(Self {
            title: owner.name.clone(),
            merchant: Some(owner.name.clone()),
            contact: owner.contact.clone(),
            sentence: (!payable).then(|| standing.sentence()),
            invoice,
            refresh: matches!(standing, Standing::Preparing | Standing::Confirming),
            status: standing.status(),
            pays_at: link.stripe_url.as_deref().filter(|_| payable).and_then(origin),
        })
    }

    /// Where the page's form may lead: here, and from here to Stripe. A browser checks the redirect too.
    fn policy(&self) -> String {
        let form_action = self.pays_at.as_deref().unwrap_or_default();
        format!(
            "default-src 'none'; style-src 'self'; form-action 'self' {form_action}; frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

/// `https://buy.stripe.com` of `https://buy.stripe.com/abc`.
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
                .header(header::REFERRER_POLICY, "no-referrer")
                .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
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
        let response = BuyerPage::unknown().into_response();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let html = response.into_body().into_string().await.unwrap();
        assert!(html.contains("There is no invoice here."));
        assert!(!html.contains("<script") && !html.contains("<form"));
    }

    #[test]
    fn a_form_may_lead_to_where_the_link_is_paid_and_nowhere_else() {
        assert_eq!(origin("https://buy.stripe.com/abc?x").as_deref(), Some("https://buy.stripe.com"));
        assert_eq!(origin("http://127.0.0.1:4242/pay/x").as_deref(), Some("http://127.0.0.1:4242"));
        assert_eq!(origin("https://a b;script-src *"), None);
    }
}
