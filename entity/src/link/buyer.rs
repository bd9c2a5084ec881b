//! What buyers do on a link's page besides paying.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model, note, stop_reminders};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    change::{Change, ChangeKind},
};
use domain::words;

/// Notes that a person has seen the buyer's page; `false` if that is known already.
///
/// # Errors
/// When the database does not answer.
pub async fn note_viewed(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<bool, DbErr> {
    if !note_once(tx, link, Column::ViewedAt, now).await? {
        return Ok(false);
    }
    tx.changed(Change::link(ChangeKind::LinkViewed, link, now));
    note(tx, link, now, "viewed", None).await?;
    Ok(true)
}

/// Notes that the buyer does not know what the link is for, and stops the reminders; `false` if that is known already.
///
/// # Errors
/// When the database does not answer.
pub async fn note_unrecognised(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<bool, DbErr> {
    if !note_once(tx, link, Column::UnrecognisedAt, now).await? {
        return Ok(false);
    }
    stop_reminders(tx, link.merchant_id, link.id, now).await?;
    note(tx, link, now, "unrecognised", None).await?;
    attention::open(tx, vec![Matter::of_link(link, AttentionKind::Unrecognised, None)], now).await?;
    Ok(true)
}

/// Notes that the buyer knows after all what the link is for, and lets reminders go on; `false` if they never said otherwise.
///
/// # Errors
/// When the database does not answer.
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
    note(tx, link, now, "recognised", None).await?;
    let subject = link.id.to_string();
    attention::resolve_by_itself(tx, link.merchant_id, AttentionKind::Unrecognised, &subject, now).await?;
    Ok(true)
}

/// Notes on which day the buyer says that they will pay; `false` if they have said one before.
///
/// # Errors
/// When the database does not answer.
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
    note(tx, link, now, "payment_expected", Some(on.to_string())).await?;
    Ok(true)
}

/// Notes that the buyer of a closed link asks for a new one, which a person is told; `false` if they have asked before.
///
/// # Errors
/// When the database does not answer.
pub async fn note_new_link_wanted(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<bool, DbErr> {
    if !note_once(tx, link, Column::NewLinkWantedAt, now).await? {
        return Ok(false);
    }
    note(tx, link, now, "new_link_wanted", None).await?;
    attention::open(tx, vec![Matter::of_link(link, AttentionKind::LinkWanted, None)], now).await?;
    Ok(true)
}

words! {
    /// What became of a buyer's word that they will pay on a day.
    pub enum ExpectedState {
        /// The day is not over.
        Pending = "pending",
        /// It was paid by the end of that day.
        Kept = "kept",
        /// It was not.
        Broken = "broken",
    }
}

impl Model {
    /// What became of the buyer's word that they will pay on a day.
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
