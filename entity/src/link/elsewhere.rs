//! The merchant's statements about a link that should no longer be paid: why it is withdrawn, or how it was paid
//! without Stripe.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{ActiveModel, Column, Entity, Model};
use crate::{
    Documents, Order, Transaction, attention,
    change::{Change, ChangeKind},
};
use domain::{LinkId, LinkState, LinkToken, MerchantId, Money, OrderId, link::ElsewhereMethod};

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
        let note = self.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        format!("{} on {}{note}", self.method.as_str().replace('_', " "), self.on)
    }
}

/// Sets the merchant's reason for a void, in the transaction that moves the link to `voiding`.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn set_close_reason(db: &impl ConnectionTrait, link: &Model, reason: Option<String>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::CloseReason, Expr::value(reason))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Sets the payment elsewhere, in the transaction that moves the link to `settling`. Returns the changed link.
///
/// # Errors
/// Returns an error if the database query fails.
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
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn set_receipt(db: &impl ConnectionTrait, link: Model, receipt: Option<bool>) -> Result<Model, DbErr> {
    if receipt.is_none() {
        return Ok(link);
    }
    let update = Entity::update_many().col_expr(Column::Receipt, Expr::value(receipt));
    update.filter(Column::Id.eq(link.id)).exec(db).await?;
    Ok(Model { receipt, ..link })
}

/// A payment for an order that was not requested by a link.
#[derive(Debug)]
pub struct PaidOrder {
    /// The link's id.
    pub id: LinkId,
    /// The merchant that owns the order.
    pub merchant_id: MerchantId,
    /// The order.
    pub order_id: OrderId,
    /// The token of the page on which the buyer gets the receipt.
    pub token: LinkToken,
    /// The number of the merchant's invoice.
    pub invoice_number: String,
    /// The amount.
    pub money: Money,
    /// How it was paid.
    pub paid: PaidElsewhere,
}

/// Inserts the link of a payment that was not requested by a link, in `settling`, and returns its order, locked until
/// the transaction ends. The link never exists at Stripe; [`CloseConfirmed`](domain::link::LinkEvent::CloseConfirmed)
/// marks it as paid. Fails if the order has an open link: see [`is_second_open`](super::is_second_open).
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert_paid_elsewhere(
    tx: &Transaction,
    new: PaidOrder,
    now: DateTime<Utc>,
) -> Result<(Model, Option<Order>), DbErr> {
    let link = ActiveModel {
        id: Set(new.id),
        merchant_id: Set(new.merchant_id),
        order_id: Set(new.order_id),
        state: Set(LinkState::Settling),
        token_hash: Set(new.token.hash()),
        invoice_number: Set(Some(new.invoice_number)),
        amount: Set(Some(new.money.minor())),
        currency: Set(new.money.currency()),
        // The name of a document that does not exist, since there is no invoice.
        document: Set(Some(Documents::invoice_name(new.merchant_id, new.id))),
        document_bytes: Set(0),
        stripe_attempt: Set(0),
        created_at: Set(now),
        expires_at: Set(now),
        elsewhere_method: Set(Some(new.paid.method)),
        elsewhere_on: Set(Some(new.paid.on.to_string())),
        elsewhere_note: Set(new.paid.note),
        elsewhere_actor: Set(Some(new.paid.actor)),
        tell_buyer: Set(false),
        metadata: Set("{}".to_owned()),
        ..Default::default()
    };
    let link = link.insert(tx).await?;
    let order = crate::search::refresh_for(tx, &link).await?;
    tx.changed(Change::link(ChangeKind::LinkCreated, &link, now));
    attention::resolve_wanted(tx, link.merchant_id, link.order_id, now).await?;
    Ok((link, order))
}
