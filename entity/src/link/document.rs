//! The link's invoice, once it was checked and stored.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, InvoiceWarning, Model, TimelineEvent, note};
use crate::Transaction;

/// A document that was checked and stored.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Its name in the store.
    pub name: String,
    /// Its SHA-256.
    pub sha256: Vec<u8>,
    /// Its number of pages.
    pub pages: i64,
    /// The name of the picture of its first page, if it could be drawn.
    pub picture: Option<String>,
    /// Doubts about it.
    pub warnings: Vec<InvoiceWarning>,
}

/// Records that the link's invoice is stored.
pub async fn set_document(
    tx: &Transaction,
    link: &Model,
    stored: StoredDocument,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let warnings: Vec<&str> = stored.warnings.iter().map(|warning| warning.as_str()).collect();
    Entity::update_many()
        .col_expr(Column::DocumentPicture, Expr::value(stored.picture))
        .col_expr(Column::Warnings, Expr::value((!warnings.is_empty()).then(|| warnings.join(" "))))
        .col_expr(Column::Document, Expr::value(stored.name))
        .col_expr(Column::DocumentSha256, Expr::value(stored.sha256))
        .col_expr(Column::DocumentPages, Expr::value(stored.pages))
        .filter(Column::Id.eq(link.id))
        .exec(tx)
        .await?;
    let pages = if stored.pages == 1 { "1 page".to_owned() } else { format!("{} pages", stored.pages) };
    note(tx, link, now, TimelineEvent::InvoiceStored, Some(pages)).await
}
