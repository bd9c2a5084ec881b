//! Merchants' own templates for texts about links, by purpose and language.
//!
//! The template for payment requests without a language is stored in the merchant's row, as it always was.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::OnConflict};

use crate::{Merchant, merchant, message::NotAccepted};
use domain::{
    MerchantId,
    template::{Language, Purpose, Template, TemplateError},
};

/// A merchant's template.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_template")]
pub struct Model {
    /// The merchant who wrote it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The purpose of its texts.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: Purpose,
    /// The language in lower case; empty for all languages.
    #[sea_orm(primary_key, auto_increment = false)]
    pub language: String,
    /// The template.
    pub body: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as MessageTemplate;

/// The template that applies to a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTemplate {
    /// The purpose of its texts.
    pub purpose: Purpose,
    /// The language it is written in; empty for none in particular.
    pub language: String,
    /// The template.
    pub body: String,
    /// Whether it is the merchant's own.
    pub own: bool,
}

impl FoundTemplate {
    /// Parses the template, in the merchant's typography.
    ///
    /// # Errors
    /// Returns an error if the stored template is no longer valid.
    pub fn template(&self, owner: &Merchant) -> Result<Template, TemplateError> {
        // A merchant's template without a language is in the merchant's language, and so are its amounts and dates.
        let is_ours = self.body == self.purpose.default_text(Language::En);
        let own = owner.language.as_deref().filter(|_| self.language.is_empty() && !is_ours).unwrap_or(&self.language);
        let language = Language::of(own).unwrap_or(Language::En);
        Ok(Template::parse_for(self.purpose, &self.body)?.set(owner.typography()).in_language(language))
    }

    /// The ready text in this language instead of one that is written in another; itself if there is none in it.
    #[must_use]
    pub fn or_ready(self, owner: &Merchant, language: Option<&str>) -> Self {
        let of_merchant = owner.language.as_deref().unwrap_or("en");
        let written = Language::of(if self.language.is_empty() { of_merchant } else { &self.language });
        match language.and_then(Language::of) {
            Some(spoken) if written != Some(spoken) => ours(self.purpose, spoken),
            _ => self,
        }
    }
}

/// All of the merchant's own templates, by purpose and language.
pub async fn list(db: &impl ConnectionTrait, owner: &Merchant) -> Result<Vec<FoundTemplate>, DbErr> {
    let rows = Entity::find()
        .filter(Column::MerchantId.eq(owner.id))
        .order_by_asc(Column::Purpose)
        .order_by_asc(Column::Language)
        .all(db)
        .await?;
    let own = |row: Model| FoundTemplate { purpose: row.purpose, language: row.language, body: row.body, own: true };
    let mut all: Vec<FoundTemplate> = rows.into_iter().map(own).collect();
    for purpose in Purpose::ALL.iter().copied() {
        if !all.iter().any(|found| found.purpose == purpose && found.language.is_empty()) {
            all.push(without_language(owner, purpose, Language::En));
        }
    }
    all.sort_by_key(|found| (found.purpose.as_str(), found.language.clone()));
    Ok(all)
}

/// The template for a purpose that has none without a language, for readers of this language.
fn without_language(owner: &Merchant, purpose: Purpose, language: Language) -> FoundTemplate {
    let written = match purpose {
        // A reminder falls back to the payment request.
        Purpose::Request | Purpose::Reminder => owner.message_template.clone(),
        Purpose::Receipt | Purpose::Voided => None,
    };
    match written {
        Some(body) => FoundTemplate { purpose, language: String::new(), body, own: purpose == Purpose::Request },
        None => ours(purpose, language),
    }
}

/// The ready text for a purpose in this language, whatever the merchant has written; in English if there is none in it.
#[must_use]
pub fn ready(purpose: Purpose, language: &str) -> FoundTemplate {
    ours(purpose, Language::of(language).unwrap_or(Language::En))
}

fn ours(purpose: Purpose, language: Language) -> FoundTemplate {
    let body = purpose.default_text(language).to_owned();
    let language = if language == Language::En { String::new() } else { language.to_string() };
    FoundTemplate { purpose, language, body, own: false }
}

/// A merchant's templates for a purpose, loaded for many texts.
#[derive(Debug, Clone)]
pub struct Templates {
    purpose: Purpose,
    rows: Vec<Model>,
}

impl Templates {
    /// Loads the templates.
    pub async fn read(db: &impl ConnectionTrait, owner: &Merchant, purpose: Purpose) -> Result<Self, DbErr> {
        let rows = Entity::find()
            .filter(Column::MerchantId.eq(owner.id))
            .filter(Column::Purpose.is_in(instead_of(purpose).iter().copied()))
            .all(db)
            .await?;
        Ok(Self { purpose, rows })
    }

    /// The template for a text in this language. It looks for one in this language, in the same language of any region,
    /// in the merchant's language and without a language, and falls back to the default. A reminder without a template
    /// uses the one of the request.
    #[must_use]
    pub fn find(&self, owner: &Merchant, language: Option<&str>) -> FoundTemplate {
        let purpose = self.purpose;
        let spoken: Vec<String> =
            [language, owner.language.as_deref()].into_iter().flatten().map(str::to_ascii_lowercase).collect();
        let likes = spoken.iter().flat_map(|tag| [tag.as_str(), tag.split('-').next().unwrap_or_default()]).chain([""]);
        for like in likes {
            for wanted in instead_of(purpose) {
                if let Some(row) = self.rows.iter().find(|row| row.purpose == *wanted && row.language == like) {
                    let (language, body) = (row.language.clone(), row.body.clone());
                    return FoundTemplate { purpose, language, body, own: *wanted == purpose };
                }
            }
        }
        let ours = spoken.iter().find_map(|tag| Language::of(tag)).unwrap_or(Language::En);
        without_language(owner, purpose, ours)
    }
}

/// The purposes whose templates can serve a purpose, best first.
const fn instead_of(purpose: Purpose) -> &'static [Purpose] {
    match purpose {
        Purpose::Reminder => &[Purpose::Reminder, Purpose::Request],
        Purpose::Request => &[Purpose::Request],
        Purpose::Receipt => &[Purpose::Receipt],
        Purpose::Voided => &[Purpose::Voided],
    }
}

/// The template for a text in this language; see [`Templates::find`].
pub async fn find(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    purpose: Purpose,
    language: Option<&str>,
) -> Result<FoundTemplate, DbErr> {
    Ok(Templates::read(db, owner, purpose).await?.find(owner, language))
}

/// Parses the template for a text in this language, in the merchant's typography.
///
/// # Errors
/// Returns an error if the database query fails, or if the stored template is no longer valid.
pub async fn template(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    purpose: Purpose,
    language: Option<&str>,
) -> Result<Template, TemplateReadError> {
    Ok(find(db, owner, purpose, language).await?.template(owner)?)
}

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateReadError {
    /// The stored template is not valid for this purpose.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The database query failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl TemplateReadError {
    /// Converts the error for a command that renders a text.
    #[must_use]
    pub fn into_not_accepted(self) -> NotAccepted {
        match self {
            Self::Template(error) => NotAccepted::no_text(error.into()),
            Self::Db(error) => error.into(),
        }
    }
}

/// A template to store.
#[derive(Debug, Clone, Copy)]
pub struct NewTemplate<'a> {
    /// The purpose of its texts.
    pub purpose: Purpose,
    /// The language of the buyers; empty for all others.
    pub language: &'a str,
    /// The template.
    pub body: &'a str,
}

/// Inserts or replaces a template, which the caller has checked.
pub async fn put(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    new: NewTemplate<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let NewTemplate { purpose, language, body } = new;
    if purpose == Purpose::Request && language.is_empty() {
        return merchant::set_template(db, merchant, Some(body)).await;
    }
    let row = ActiveModel {
        merchant_id: Set(merchant),
        purpose: Set(purpose),
        language: Set(language.to_owned()),
        body: Set(body.to_owned()),
        updated_at: Set(now),
    };
    let mut replace = OnConflict::columns([Column::MerchantId, Column::Purpose, Column::Language]);
    replace.update_columns([Column::Body, Column::UpdatedAt]);
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await.map(|_| ())
}

/// Deletes a template. Returns `false` if there was none.
pub async fn delete(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    purpose: Purpose,
    language: &str,
) -> Result<bool, DbErr> {
    if purpose == Purpose::Request && language.is_empty() {
        merchant::set_template(db, owner.id, None).await?;
        return Ok(owner.message_template.is_some());
    }
    let deleted = Entity::delete_many()
        .filter(Column::MerchantId.eq(owner.id))
        .filter(Column::Purpose.eq(purpose))
        .filter(Column::Language.eq(language))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected == 1)
}
