//! Merchants' own templates for texts about links, by purpose and language.
//!
//! The template for payment requests without a language is stored in the merchant's own row, where it has always been.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::OnConflict};

use crate::{Merchant, merchant, message::CommandError};
use domain::{
    MerchantId,
    template::{Language, Purpose, Template, TemplateError},
};

/// A template that a merchant has written.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_template")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// What for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: Purpose,
    /// In which language, in lower case; empty: in none in particular.
    #[sea_orm(primary_key, auto_increment = false)]
    pub language: String,
    /// The template.
    pub body: String,
    /// When it was written.
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as MessageTemplate;

/// A template that counts for a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What for.
    pub purpose: Purpose,
    /// In which language it was written; empty: in none in particular.
    pub language: String,
    /// The template.
    pub body: String,
    /// Whether the merchant has written it.
    pub own: bool,
}

impl Found {
    /// The same as a template, in the merchant's typography.
    ///
    /// # Errors
    /// When what was written is none any more.
    pub fn template(&self, owner: &Merchant) -> Result<Template, TemplateError> {
        // What a merchant wrote for no language in particular is in their own, and so are its amounts and days.
        let is_ours = self.body == self.purpose.default_text(Language::En);
        let own = owner.language.as_deref().filter(|_| self.language.is_empty() && !is_ours).unwrap_or(&self.language);
        let language = Language::of(own).unwrap_or(Language::En);
        Ok(Template::parse_for(self.purpose, &self.body)?.set(owner.typography()).in_language(language))
    }
}

/// All that the merchant has written, in the order of purposes and languages.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn list(db: &impl ConnectionTrait, owner: &Merchant) -> Result<Vec<Found>, DbErr> {
    let rows = Entity::find()
        .filter(Column::MerchantId.eq(owner.id))
        .order_by_asc(Column::Purpose)
        .order_by_asc(Column::Language)
        .all(db)
        .await?;
    let own = |row: Model| Found { purpose: row.purpose, language: row.language, body: row.body, own: true };
    let mut all: Vec<Found> = rows.into_iter().map(own).collect();
    for purpose in Purpose::ALL.iter().copied() {
        if !all.iter().any(|found| found.purpose == purpose && found.language.is_empty()) {
            all.push(without_language(owner, purpose, Language::En));
        }
    }
    all.sort_by_key(|found| (found.purpose.as_str(), found.language.clone()));
    Ok(all)
}

/// What counts for a purpose where nothing was written for it in no language in particular, said to whoever reads this language.
fn without_language(owner: &Merchant, purpose: Purpose, language: Language) -> Found {
    let written = match purpose {
        // A reminder says what the request said.
        Purpose::Request | Purpose::Reminder => owner.message_template.clone(),
        Purpose::Receipt | Purpose::Voided => None,
    };
    match written {
        Some(body) => Found { purpose, language: String::new(), body, own: purpose == Purpose::Request },
        None => ours(purpose, language),
    }
}

/// The ready text for a purpose in this language, whatever the merchant has written; in English if there is none in it.
#[must_use]
pub fn ready(purpose: Purpose, language: &str) -> Found {
    ours(purpose, Language::of(language).unwrap_or(Language::En))
}

fn ours(purpose: Purpose, language: Language) -> Found {
    let body = purpose.default_text(language).to_owned();
    let language = if language == Language::En { String::new() } else { language.to_string() };
    Found { purpose, language, body, own: false }
}

/// What a merchant has written for a purpose, to be looked through for many texts.
#[derive(Debug, Clone)]
pub struct Templates {
    purpose: Purpose,
    rows: Vec<Model>,
}

impl Templates {
    /// Reads it.
    ///
    /// # Errors
    /// Returns an error if the database query fails.
    pub async fn read(db: &impl ConnectionTrait, owner: &Merchant, purpose: Purpose) -> Result<Self, DbErr> {
        let rows = Entity::find()
            .filter(Column::MerchantId.eq(owner.id))
            .filter(Column::Purpose.is_in(instead_of(purpose).iter().copied()))
            .all(db)
            .await?;
        Ok(Self { purpose, rows })
    }

    /// What counts for a text in this language: what was written for it, for its like in all places, for the merchant's own language, or
    /// for none in particular; at last ours. A reminder that nothing was written for says what the request says.
    #[must_use]
    pub fn find(&self, owner: &Merchant, language: Option<&str>) -> Found {
        let purpose = self.purpose;
        let spoken: Vec<String> =
            [language, owner.language.as_deref()].into_iter().flatten().map(str::to_ascii_lowercase).collect();
        let likes = spoken.iter().flat_map(|tag| [tag.as_str(), tag.split('-').next().unwrap_or_default()]).chain([""]);
        for like in likes {
            for wanted in instead_of(purpose) {
                if let Some(row) = self.rows.iter().find(|row| row.purpose == *wanted && row.language == like) {
                    let (language, body) = (row.language.clone(), row.body.clone());
                    return Found { purpose, language, body, own: *wanted == purpose };
                }
            }
        }
        let ours = spoken.iter().find_map(|tag| Language::of(tag)).unwrap_or(Language::En);
        without_language(owner, purpose, ours)
    }
}

/// Whose templates serve a purpose, the best first.
const fn instead_of(purpose: Purpose) -> &'static [Purpose] {
    match purpose {
        Purpose::Reminder => &[Purpose::Reminder, Purpose::Request],
        Purpose::Request => &[Purpose::Request],
        Purpose::Receipt => &[Purpose::Receipt],
        Purpose::Voided => &[Purpose::Voided],
    }
}

/// What counts for a text in this language: see [`Templates::find`].
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    purpose: Purpose,
    language: Option<&str>,
) -> Result<Found, DbErr> {
    Ok(Templates::read(db, owner, purpose).await?.find(owner, language))
}

/// The same as a template, in the merchant's typography.
///
/// # Errors
/// When the database does not answer, or what was written is none any more.
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
    /// What was written is no template of this purpose.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The database does not answer.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl TemplateReadError {
    /// The same for whoever was to write a text by it.
    #[must_use]
    pub fn into_command_error(self) -> CommandError {
        match self {
            Self::Template(error) => CommandError::no_text(error.into()),
            Self::Db(error) => error.into(),
        }
    }
}

/// A template to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewTemplate<'a> {
    /// What its texts are for.
    pub purpose: Purpose,
    /// For buyers of this language; empty: for all others.
    pub language: &'a str,
    /// What it says.
    pub body: &'a str,
}

/// Writes or replaces a template, which was checked before.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// Takes a template away; `false` if there was none.
///
/// # Errors
/// Returns an error if the database query fails.
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
