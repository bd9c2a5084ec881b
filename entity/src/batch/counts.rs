//! Counting the rows of a batch.

use std::collections::BTreeMap;

use sea_orm::{QuerySelect, entity::prelude::*};

use super::rows::{Column, Entity, RowState};
use domain::BatchId;

/// The rows of a batch by state, with their totals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All rows.
    pub rows: i64,
    /// Rows still to be carried out.
    pub ready: i64,
    /// Rows that the check refused.
    pub refused: i64,
    /// Rows that are done.
    pub done: i64,
    /// Rows that failed.
    pub failed: i64,
    /// Rows that were cancelled.
    pub cancelled: i64,
    /// The cost of the texts of rows that are ready or done.
    pub credits: i64,
    /// The number of these texts.
    pub texts: i64,
    /// The totals of these rows in minor units, by currency.
    pub totals: BTreeMap<String, i64>,
}

/// Counts the rows of a batch.
pub async fn count(db: &impl ConnectionTrait, batch: BatchId) -> Result<Counts, DbErr> {
    let rows: Vec<(RowState, i64, Option<i64>, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::State, Column::Credits, Column::Minor, Column::Currency])
        .filter(Column::BatchId.eq(batch))
        .into_tuple()
        .all(db)
        .await?;
    let mut counts = Counts::default();
    for (state, credits, minor, currency) in rows {
        counts.rows += 1;
        match state {
            RowState::Ready => counts.ready += 1,
            RowState::Refused => counts.refused += 1,
            RowState::Done => counts.done += 1,
            RowState::Failed => counts.failed += 1,
            RowState::Cancelled => counts.cancelled += 1,
        }
        if !matches!(state, RowState::Ready | RowState::Done) {
            continue;
        }
        if credits > 0 {
            counts.credits += credits;
            counts.texts += 1;
        }
        if let (Some(minor), Some(currency)) = (minor, currency) {
            *counts.totals.entry(currency).or_default() += minor;
        }
    }
    Ok(counts)
}
