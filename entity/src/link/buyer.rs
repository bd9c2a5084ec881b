//! What a buyer does with a link beside paying it.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model, note, stop_reminders};
use crate::{
    Transaction,
    change::{Change, ChangeKind},
};

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
    Ok(true)
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
