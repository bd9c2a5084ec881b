//! The merchant's statements about a link that should no longer be paid: why it is withdrawn, or how it was paid
//! without Stripe.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model};
use domain::link::{ElsewhereDetail, ElsewhereMethod};

/// A payment that the merchant received without Stripe.
#[derive(Debug, Clone)]
pub struct PaidElsewhere {
    /// How it was paid.
    pub method: ElsewhereMethod,
    /// The day.
    pub on: NaiveDate,
    /// The merchant's note.
    pub note: Option<String>,
    /// The API key that reported it.
    pub actor: String,
}

impl PaidElsewhere {
    /// A sentence for people to read.
    #[must_use]
    pub fn sentence(&self) -> String {
        ElsewhereDetail { method: self.method, on: self.on, note: self.note.as_deref() }.to_string()
    }
}

impl Model {
    /// How the merchant was paid without Stripe. What Stripe reports counts more than what the merchant says.
    #[must_use]
    pub fn paid_elsewhere(&self) -> Option<ElsewhereMethod> {
        self.elsewhere_method.filter(|_| self.stripe_session_id.is_none())
    }

    /// The day of that payment, as the merchant says.
    #[must_use]
    pub fn paid_elsewhere_on(&self) -> Option<NaiveDate> {
        self.paid_elsewhere().and(self.elsewhere_on.as_deref()).and_then(|day| day.parse().ok())
    }
}

/// Sets the merchant's reason for a void, in the transaction that moves the link to `voiding`.
pub async fn set_close_reason(db: &impl ConnectionTrait, link: &Model, reason: Option<String>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::CloseReason, Expr::value(reason))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Sets the payment elsewhere, in the transaction that moves the link to `settling`. Returns the changed link.
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

/// Sets whether the buyer gets a receipt by text, if that was said. Returns the changed link.
pub async fn set_receipt(db: &impl ConnectionTrait, link: Model, receipt: Option<bool>) -> Result<Model, DbErr> {
    if receipt.is_none() {
        return Ok(link);
    }
    let update = Entity::update_many().col_expr(Column::Receipt, Expr::value(receipt));
    update.filter(Column::Id.eq(link.id)).exec(db).await?;
    Ok(Model { receipt, ..link })
}

/// Records that the buyer should be told once the link is voided. Returns the changed link.
pub async fn set_tell_buyer(db: &impl ConnectionTrait, link: &Model) -> Result<Model, DbErr> {
    Entity::update_many()
        .col_expr(Column::TellBuyer, Expr::value(true))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await?;
    Ok(Model { tell_buyer: true, ..link.clone() })
}
