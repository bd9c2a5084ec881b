//! What is left of a link after 90 days: ids, states, times, Stripe's ids and credit amounts.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model, facts, timeline};
use crate::{Transaction, attention, audit, message, order, webhook_event};

/// Erases the invoice's number and place, the amount, the buyer's number, the texts and the webhook payloads of a link.
/// The document itself must be gone from the store before: afterwards nobody knows where it lay.
///
/// # Errors
/// When the database does not answer.
pub async fn purge(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let erased = Expr::value(Option::<String>::None);
    Entity::update_many()
        .col_expr(Column::PurgedAt, Expr::value(now))
        .col_expr(Column::InvoiceNumber, erased.clone())
        .col_expr(Column::Document, erased.clone())
        .col_expr(Column::DocumentPicture, erased.clone())
        .col_expr(Column::Amount, Expr::value(Option::<i64>::None))
        .col_expr(Column::Refunded, Expr::value(Option::<i64>::None))
        .col_expr(Column::Metadata, Expr::value("{}"))
        .col_expr(Column::RefundStatus, Expr::value(link.refund_state()))
        .col_expr(Column::DocumentSha256, Expr::value(Option::<Vec<u8>>::None))
        .col_expr(Column::ElsewhereNote, erased.clone())
        .col_expr(Column::CloseReason, erased)
        .filter(Column::Id.eq(link.id))
        .filter(Column::PurgedAt.is_null())
        .exec(tx)
        .await?;
    facts::erase_amounts(tx, link.id).await?;
    timeline::erase_details(tx, link.id).await?;
    timeline::note(tx, link, now, "purged", None).await?;
    // Why it was voided, among others.
    audit::erase_details(tx, &link.id.to_string()).await?;
    attention::erase_notes(tx, link.id).await?;
    order::forget_customer_if_all_purged(tx, link.merchant_id, link.order_id, now).await?;
    message::erase_texts(tx, link.id, now).await?;
    webhook_event::erase_payloads(tx, link.merchant_id, link.id).await
}
