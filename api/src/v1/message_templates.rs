//! `/v1/message-templates`: templates of all texts about links, by purpose and language.

use domain::template::{Purpose, Template};
use entity::{
    AuditAction, Merchant, merchant,
    message_template::{self, FoundTemplate, NewTemplate},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::{Group, answers::NoContent, send::bad_template};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::{
        json_body::JsonBody,
        typed::{Language, Text},
    },
};

pub(super) struct MessageTemplates;

/// The template for a purpose and a language.
#[derive(Debug, Object)]
#[oai(rename = "PurposeTemplate", skip_serializing_if_is_none)]
struct PurposeTemplateView {
    purpose: Text<Purpose>,
    /// The language it is written in; absent: none in particular.
    language: Option<Language>,
    /// Handlebars with the variables `merchant_name`, `customer_name`, `order_number`, `invoice_number`, `amount`,
    /// `link` and `expires_on`, and `metadata.` with a key of your own, which is empty if neither the link nor its
    /// order has it.
    body: String,
    /// Whether you wrote it for this purpose. If not, it is the one for requests, or the default.
    own: bool,
    /// The cost of its text with example values.
    credits: i64,
}

/// All templates.
#[derive(Debug, Object)]
#[oai(rename = "PurposeTemplates")]
struct TemplatesView {
    /// By purpose and language.
    items: Vec<PurposeTemplateView>,
}

/// A template.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "PurposeTemplateInput")]
struct TemplateInput {
    /// The text; `{{link}}` is required in a request and a reminder.
    body: String,
}

impl PurposeTemplateView {
    fn of(api: &Api, owner: &Merchant, found: FoundTemplate) -> Result<Self, Problem> {
        let template = found.template(owner).map_err(bad_template("body"))?;
        let preview = super::message_template::example_of(api, owner, &template)?;
        Ok(Self {
            purpose: Text(found.purpose),
            language: Some(found.language).filter(|language| !language.is_empty()).map(Language::from),
            body: found.body,
            own: found.own,
            credits: owner.cost(preview.body.segments().count(), None),
        })
    }
}

#[OpenApi(tag = "Group::Templates")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl MessageTemplates {
    /// List the templates
    #[oai(path = "/message-templates", method = "get")]
    async fn list(&self, api: Data<&Api>, key: Reader) -> Result<Json<TemplatesView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let found = message_template::list(api.db.pool(), &owner).await?;
        let views = found.into_iter().map(|found| PurposeTemplateView::of(&api, &owner, found));
        Ok(Json(TemplatesView { items: views.collect::<Result<_, _>>()? }))
    }

    /// See the template that applies to a purpose
    #[oai(path = "/message-templates/:purpose", method = "get", operation_id = "get_message_template_for")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        purpose: Path<Text<Purpose>>,
        /// Such as `pt-BR`. The template for it applies, else the one for `pt`, else the one without a language.
        language: Query<Option<Language>>,
        /// `true`: the default in that language, regardless of your own; in English if there is none.
        ready: Query<Option<bool>>,
    ) -> Result<Json<PurposeTemplateView>, Problem> {
        let (purpose, language) = (purpose.0.value(), stored(language.0));
        let owner = key.0.owner(&api).await?;
        let found = if ready.0.unwrap_or_default() {
            message_template::ready(purpose, &language)
        } else {
            message_template::find(api.db.pool(), &owner, purpose, Some(&language)).await?
        };
        Ok(Json(PurposeTemplateView::of(&api, &owner, found)?))
    }

    /// Set the template for a purpose
    ///
    /// A request without a language is the same as `/v1/message-template`.
    #[oai(path = "/message-templates/:purpose", method = "put", operation_id = "put_message_template_for")]
    async fn put(
        &self,
        api: Data<&Api>,
        key: Writer,
        purpose: Path<Text<Purpose>>,
        language: Query<Option<Language>>,
        input: JsonBody<TemplateInput>,
    ) -> Result<Json<PurposeTemplateView>, Problem> {
        let (purpose, language) = (purpose.0.value(), stored(language.0));
        let template = Template::parse_for(purpose, &input.0.body).map_err(bad_template("body"))?;
        let (merchant, now) = (key.0.merchant, api.clock.now());
        let tx = api.db.begin().await?;
        let new = NewTemplate { purpose, language: &language, body: template.as_str() };
        message_template::put(&tx, merchant, new, now).await?;
        tx.done(key.0.did(AuditAction::TemplateChange, &merchant).because(named(purpose, &language)), now);
        let owner = merchant::get(&tx, merchant).await?;
        let found = message_template::find(&tx, &owner, purpose, Some(&language)).await?;
        tx.commit().await?;
        Ok(Json(PurposeTemplateView::of(&api, &owner, found)?))
    }

    /// Delete the template for a purpose
    ///
    /// The template without a language then applies, or the default.
    #[oai(path = "/message-templates/:purpose", method = "delete", operation_id = "delete_message_template_for")]
    async fn delete(
        &self,
        api: Data<&Api>,
        key: Writer,
        purpose: Path<Text<Purpose>>,
        language: Query<Option<Language>>,
    ) -> Result<NoContent, Problem> {
        let (purpose, language) = (purpose.0.value(), stored(language.0));
        let (merchant, now) = (key.0.merchant, api.clock.now());
        let tx = api.db.begin().await?;
        let owner = merchant::get(&tx, merchant).await?;
        if !message_template::delete(&tx, &owner, purpose, &language).await? {
            return Err(Problem::not_found());
        }
        tx.done(key.0.did(AuditAction::TemplateDelete, &merchant).because(named(purpose, &language)), now);
        tx.commit().await?;
        Ok(NoContent::NoContent)
    }
}

fn named(purpose: Purpose, language: &str) -> String {
    if language.is_empty() { purpose.to_string() } else { format!("{purpose} {language}") }
}

/// The stored form; empty for none in particular.
fn stored(language: Option<Language>) -> String {
    language.map(|language| language.to_ascii_lowercase()).unwrap_or_default()
}
