//! Reading the log.

use std::collections::HashSet;

use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::{AuditAction, Column, Entity, Model};
use domain::{AuditEntryId, BatchId, MerchantId};

/// Filters of a search in the log.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// The merchant; `None` for all merchants, which only operators may see.
    pub merchant: Option<MerchantId>,
    /// Who acted.
    pub actor: Option<String>,
    /// What it was done to.
    pub subject: Option<String>,
    /// What it was done to, as one of these; `None` for anything.
    pub subjects: Option<Vec<String>>,
    /// Only what was done for rows of this batch.
    pub batch: Option<BatchId>,
    /// Without what was done for rows of batches.
    pub is_folded: bool,
    /// Only entries older than this one: the cursor.
    pub before: Option<AuditEntryId>,
    /// The size of the page.
    pub limit: u64,
}

/// A page of the log, newest first.
pub async fn search(db: &impl ConnectionTrait, filter: AuditFilter) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Some(merchant) = filter.merchant {
        query = query.filter(Column::MerchantId.eq(merchant));
    }
    if let Some(actor) = filter.actor {
        query = query.filter(Column::Actor.eq(actor));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(Column::Subject.eq(subject));
    }
    if let Some(subjects) = filter.subjects {
        query = query.filter(Column::Subject.is_in(subjects));
    }
    if let Some(batch) = filter.batch {
        query = query.filter(Column::BatchId.eq(batch));
    }
    if filter.is_folded {
        query = query.filter(Column::BatchId.is_null());
    }
    if let Some(before) = filter.before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(filter.limit).all(db).await
}

/// The entries of a subject, oldest first. For operators only: it spans merchants.
pub async fn of_subject(db: &impl ConnectionTrait, subject: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Subject.eq(subject)).order_by_asc(Column::Id).all(db).await
}

/// The ones of these ids on which this actor has acted.
pub(crate) async fn done_by<Id: ToString>(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    actor: &str,
    action: AuditAction,
    subjects: &[Id],
) -> Result<HashSet<String>, DbErr> {
    let found: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Subject)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Actor.eq(actor))
        .filter(Column::Action.eq(action.as_str()))
        .filter(Column::Subject.is_in(subjects.iter().map(ToString::to_string)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}
