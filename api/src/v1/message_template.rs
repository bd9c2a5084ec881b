//! `/v1/message-template`: the text that carries a link, and what it would cost.

use chrono::NaiveDate;
use domain::{
    Currency, LinkId, Money, PhoneNumber,
    link::lifetime,
    sms::{Encoding, Replacement, Typography},
    template::{Language, Preview, Purpose, Template, Variables},
    words,
};
use entity::{AuditAction, Merchant, link_text, merchant, order};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, payload::Json};
use serde::Deserialize;

use super::{
    Group,
    link_answers::find_link,
    send::{bad_template, no_text},
};
use crate::http::typed::{Language as LanguageTag, Text, TextOf, described_words};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::json_body::JsonBody,
};

pub(super) struct MessageTemplate;

words! {
    /// The encoding of a text.
    pub enum EncodingName {
        /// 160 characters in one segment.
        Gsm7 = "GSM-7",
        /// 70 characters in one segment.
        Ucs2 = "UCS-2",
    }
}

described_words!(EncodingName);

impl EncodingName {
    const fn of(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Gsm7 => Self::Gsm7,
            Encoding::Ucs2 => Self::Ucs2,
        }
    }
}

/// The template of a link's message.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "MessageTemplate")]
struct LinkTemplateView {
    /// Handlebars with the variables `merchant_name`, `customer_name`, `order_number`, `invoice_number`, `amount`,
    /// `link` and `expires_on`; `{{link}}` is required.
    body: String,
    /// Whether typographic quotes, dashes and the like are replaced in all your texts where that makes them cheaper.
    /// Absent: unchanged; initially `true`.
    plain_typography: Option<bool>,
}

/// A template to try.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "PreviewRequest")]
struct PreviewInput {
    /// The template.
    body: String,
    /// The link to fill in; absent: an example.
    link_id: Option<TextOf<LinkId>>,
    /// Whether typography is replaced; absent: the current setting.
    plain_typography: Option<bool>,
    /// The purpose of the text; absent: `request`.
    purpose: Option<Text<Purpose>>,
    /// The language of dates; absent: English.
    language: Option<LanguageTag>,
}

/// The rendered template and its cost.
#[derive(Debug, Object)]
#[oai(rename = "Preview")]
struct PreviewView {
    text: String,
    encoding: Text<EncodingName>,
    segments: u32,
    /// Characters of the text.
    characters: usize,
    credits: i64,
    /// The replaced characters.
    replaced: Vec<ReplacementView>,
    /// What to consider before sending.
    warnings: Vec<String>,
}

/// A replaced character.
#[derive(Debug, Object)]
#[oai(rename = "Replacement")]
struct ReplacementView {
    /// The original.
    from: String,
    /// The replacement.
    to: String,
    times: usize,
}

impl From<&Replacement> for ReplacementView {
    fn from(replacement: &Replacement) -> Self {
        Self { from: replacement.from.to_owned(), to: replacement.to.to_owned(), times: replacement.times }
    }
}

/// What is said of a number that will hardly get the text.
const LANDLINE: &str = "The buyer's number is a landline, which may not get texts.";

impl PreviewView {
    fn of(preview: &Preview, owner: &Merchant, to: Option<&PhoneNumber>) -> Self {
        let segments = preview.body.segments();
        let landline = to.filter(|to| to.is_landline()).map(|_| LANDLINE.to_owned());
        Self {
            text: preview.body.text().to_owned(),
            encoding: Text(EncodingName::of(segments.encoding())),
            segments: segments.count(),
            characters: preview.body.text().chars().count(),
            credits: owner.cost(segments.count(), to),
            replaced: preview.body.replaced().iter().map(ReplacementView::from).collect(),
            warnings: preview.warnings.iter().map(ToString::to_string).chain(landline).collect(),
        }
    }
}

#[OpenApi(tag = "Group::Templates")]
impl MessageTemplate {
    /// See the template
    #[oai(path = "/message-template", method = "get")]
    async fn get(&self, api: Data<&Api>, key: Reader) -> Result<Json<LinkTemplateView>, Problem> {
        let owner = key.0.owner(&api).await?;
        Ok(Json(view_of(&owner)?))
    }

    /// Change the template
    #[oai(path = "/message-template", method = "put")]
    async fn put(
        &self,
        api: Data<&Api>,
        key: Writer,
        input: JsonBody<LinkTemplateView>,
    ) -> Result<Json<LinkTemplateView>, Problem> {
        let template = Template::parse(&input.0.body).map_err(bad_template("body"))?;
        let (merchant, now) = (key.0.merchant, api.clock.now());
        let tx = api.db.begin().await?;
        merchant::set_template(&tx, merchant, Some(template.as_str())).await?;
        if let Some(plain) = input.0.plain_typography {
            merchant::set_plain_typography(&tx, merchant, plain).await?;
        }
        tx.done(key.0.did(AuditAction::TemplateChange, &merchant), now);
        let owner = merchant::get(&tx, merchant).await?;
        tx.commit().await?;
        Ok(Json(view_of(&owner)?))
    }

    /// Try a template
    #[oai(path = "/message-template/preview", method = "post")]
    async fn preview(
        &self,
        api: Data<&Api>,
        key: Reader,
        input: JsonBody<PreviewInput>,
    ) -> Result<Json<PreviewView>, Problem> {
        let pool = api.db.pool();
        let owner = merchant::get(pool, key.0.merchant).await?;
        let typography = match input.0.plain_typography {
            Some(true) => Typography::Plain,
            Some(false) => Typography::AsWritten,
            None => owner.typography(),
        };
        let purpose = input.0.purpose.map_or(Purpose::Request, Text::value);
        let language = input.0.language.as_deref().and_then(Language::of).unwrap_or(Language::En);
        let template = Template::parse_draft(purpose, &input.0.body).map_err(bad_template("body"))?;
        let template = template.set(typography).in_language(language);
        let (preview, to) = if let Some(link_id) = &input.0.link_id {
            let link = find_link(pool, &key.0, link_id).await?;
            let order = order::find(pool, owner.id, link.order_id).await?.ok_or_else(Problem::not_found)?;
            let url = api.buyer_url(link.id);
            let metadata = link_text::metadata(&order, &link)?;
            let variables = link_text::variables(&owner, &order, &link, &url, &metadata).map_err(no_text("body"))?;
            (template.preview(&variables), order.customer_phone)
        } else {
            return Ok(Json(PreviewView::of(&example_of(&api, &owner, &template)?, &owner, None)));
        };
        Ok(Json(PreviewView::of(&preview.map_err(bad_template("body"))?, &owner, to.as_ref())))
    }
}

fn view_of(owner: &Merchant) -> Result<LinkTemplateView, Problem> {
    let template = link_text::template(owner, None).map_err(bad_template("body"))?;
    Ok(LinkTemplateView { body: template.as_str().to_owned(), plain_typography: Some(owner.plain_typography) })
}

/// Renders a template with example values.
pub(super) fn example_of(api: &Api, owner: &Merchant, template: &Template) -> Result<Preview, Problem> {
    let url = format!("{}/p/{}", api.public_url, "A".repeat(22));
    let example = example(owner, &url, owner.day_of(lifetime::usual_expiry(&owner.zone(), api.clock.now())))?;
    template.preview(&example).map_err(bad_template("body"))
}

/// The values of a preview without a link.
fn example<'a>(owner: &'a Merchant, url: &'a str, expires_on: NaiveDate) -> Result<Variables<'a>, Problem> {
    let currency = match owner.currency.or_else(|| Currency::of_region(owner.region)) {
        Some(usual) => usual,
        None => Currency::parse("eur").map_err(Problem::internal)?,
    };
    Ok(Variables {
        merchant_name: &owner.name,
        customer_name: "Example Buyer",
        order_number: "1001",
        invoice_number: "INV-1001",
        amount: Money::from_minor(12_950, currency).map_err(Problem::internal)?,
        link: url,
        expires_on,
        metadata: None,
    })
}
