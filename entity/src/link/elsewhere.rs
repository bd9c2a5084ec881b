//! What a merchant says about a link that need not be paid any more: why it was withdrawn, or how they were paid without Stripe.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model};
use domain::link::ElsewhereMethod;

/// A payment that the merchant got without Stripe.
#[derive(Debug, Clone)]
pub struct PaidElsewhere {
    /// How.
    pub method: ElsewhereMethod,
    /// On which day.
    pub on: NaiveDate,
    /// What they noted about it.
    pub note: Option<String>,
    /// Who says so.
    pub actor: String,
}

impl PaidElsewhere {
    /// The same for people to read.
    #[must_use]
    pub fn sentence(&self) -> String {
        let note = self.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        format!("{} on {}{note}", self.method.as_str().replace('_', " "), self.on)
    }
}

/// Keeps why the merchant takes a link back, in the transaction in which it became `voiding`.
///
/// # Errors
/// When the database does not answer.
pub async fn set_close_reason(db: &impl ConnectionTrait, link: &Model, reason: Option<String>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::CloseReason, Expr::value(reason))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Keeps what the merchant says, in the transaction in which the link became `settling`; answers the link with it.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn set_paid_elsewhere(db: &impl ConnectionTrait, link: &Model, paid: &PaidElsewhere) -> Result<Model, DbErr> {
    let on = paid.on.to_string();
    Entity::update_many()
        .col_expr(Column::ElsewhereMethod, Expr::value(paid.method))
        .col_expr(Column::ElsewhereOn, Expr::value(on.clone()))
        .col_expr(Column::ElsewhereNote, Expr::value(paid.note.clone()))
        .col_expr(Column::ElsewhereActor, Expr::value(paid.actor.clone()))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await?;
    Ok(Model {
        elsewhere_method: Some(paid.method),
        elsewhere_on: Some(on),
        elsewhere_note: paid.note.clone(),
        elsewhere_actor: Some(paid.actor.clone()),
        ..link.clone()
    })
}
