//! What a buyer does with a link besides paying it.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model, TimelineEvent, note, reminding::stop_reminders};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    change::{Change, ChangeKind},
};
use domain::words;

/// Records the first visit of a person to the buyer's page. Returns `false` if there was one before.
pub async fn note_viewed(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<bool, DbErr> {
    if !note_once(tx, link, Column::ViewedAt, now).await? {
        return Ok(false);
    }
    tx.changed(Change::link(ChangeKind::LinkViewed, link, now));
    note(tx, link, now, TimelineEvent::Viewed, None).await?;
    Ok(true)
}

/// Records that the buyer does not recognise the link, and stops its reminders. Returns `false` if that is recorded
/// already.
pub async fn note_unrecognised(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<bool, DbErr> {
    if !note_once(tx, link, Column::UnrecognisedAt, now).await? {
        return Ok(false);
    }
    stop_reminders(tx, link.merchant_id, link.id, now).await?;
    note(tx, link, now, TimelineEvent::Unrecognised, None).await?;
    attention::open(tx, vec![Matter::of_link(link, AttentionKind::Unrecognised, None)], now).await?;
    Ok(true)
}

/// Records that the buyer recognises the link after all, and resumes its reminders. Returns `false` if nothing else was
/// recorded.
pub async fn note_recognised(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let taken_back = Entity::update_many()
        .col_expr(Column::UnrecognisedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(Column::RemindersStoppedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(link.id))
        .filter(Column::UnrecognisedAt.is_not_null())
        .exec(tx)
        .await?;
    if taken_back.rows_affected == 0 {
        return Ok(false);
    }
    note(tx, link, now, TimelineEvent::Recognised, None).await?;
    let subject = link.id.to_string();
    attention::resolve_by_itself(tx, link.merchant_id, AttentionKind::Unrecognised, &subject, now).await?;
    Ok(true)
}

/// Records the day on which the buyer intends to pay. Returns `false` if a day is recorded already.
pub async fn note_expected(
    tx: &Transaction,
    link: &Model,
    on: NaiveDate,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let noted = Entity::update_many()
        .col_expr(Column::ExpectedOn, Expr::value(on.to_string()))
        .col_expr(Column::ExpectedUntil, Expr::value(until))
        .col_expr(Column::ExpectedAt, Expr::value(now))
        .filter(Column::Id.eq(link.id))
        .filter(Column::ExpectedOn.is_null())
        .exec(tx)
        .await?;
    if noted.rows_affected == 0 {
        return Ok(false);
    }
    note(tx, link, now, TimelineEvent::PaymentExpected, Some(on.to_string())).await?;
    Ok(true)
}

/// Records that the buyer of a closed link asks for a new one, which needs a person. Returns `false` if they have asked
/// before.
pub async fn note_new_link_wanted(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<bool, DbErr> {
    if !note_once(tx, link, Column::NewLinkWantedAt, now).await? {
        return Ok(false);
    }
    note(tx, link, now, TimelineEvent::NewLinkWanted, None).await?;
    attention::open(tx, vec![Matter::of_link(link, AttentionKind::LinkWanted, None)], now).await?;
    Ok(true)
}

words! {
    /// Whether a buyer has paid by the day they announced.
    pub enum ExpectedState {
        /// The day is not over.
        Pending = "pending",
        /// The link was paid by the end of the day.
        Kept = "kept",
        /// It was not.
        Broken = "broken",
    }
}

impl Model {
    /// Whether the buyer has paid by the day they announced, if they did.
    #[must_use]
    pub fn expected_state(&self, now: DateTime<Utc>) -> Option<ExpectedState> {
        let until = self.expected_until?;
        Some(match self.paid_at {
            Some(paid) if paid <= until => ExpectedState::Kept,
            Some(_) => ExpectedState::Broken,
            None if now <= until => ExpectedState::Pending,
            None => ExpectedState::Broken,
        })
    }
}

async fn note_once(tx: &Transaction, link: &Model, column: Column, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let noted = Entity::update_many()
        .col_expr(column, Expr::value(now))
        .filter(Column::Id.eq(link.id))
        .filter(column.is_null())
        .exec(tx)
        .await?;
    Ok(noted.rows_affected == 1)
}
