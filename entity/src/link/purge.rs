//! Erases a link after 90 days. Ids, states, times, Stripe's ids and credit amounts remain, in a compact form, for
//! ever.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;

use super::{Column, Entity, Model, evidence, payment_fact, timeline};
use crate::{Transaction, attention, audit, message, order, webhook_event};
use domain::{OwnReminding, PaymentMethods, link::ElsewhereMethod};

/// How long after a payment Stripe may report it again. What that means depends on the session it was by.
const TOLD_AGAIN: TimeDelta = TimeDelta::days(30);

/// Erases the invoice's number and name, the amount, the buyer's number, the texts and the webhook payloads of a link.
/// The document must have been deleted from the store before, since its name is lost.
pub async fn purge(tx: &Transaction, link: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let erased = Expr::value(Option::<String>::None);
    let no_time = Expr::value(Option::<DateTime<Utc>>::None);
    let mut purged = Entity::update_many()
        .col_expr(Column::DocumentPages, Expr::value(Option::<i64>::None))
        .col_expr(Column::DocumentBytes, Expr::value(0))
        .col_expr(Column::Warnings, erased.clone())
        .col_expr(Column::StripeUrl, erased.clone())
        .col_expr(Column::PaymentMethods, Expr::value(Option::<PaymentMethods>::None))
        .col_expr(Column::Reminding, Expr::value(Option::<OwnReminding>::None))
        .col_expr(Column::ExpectedOn, erased.clone())
        .col_expr(Column::ExpectedUntil, no_time.clone())
        .col_expr(Column::ExpectedAt, no_time.clone())
        .col_expr(Column::NewLinkWantedAt, no_time.clone())
        .col_expr(Column::StripeAttemptedAt, no_time.clone())
        .col_expr(Column::StripeCheckedAt, no_time.clone())
        .col_expr(Column::RemindersStoppedAt, no_time.clone())
        .col_expr(Column::PayPressedAt, no_time.clone())
        .col_expr(Column::ReturnedAt, no_time.clone())
        .col_expr(Column::FoundUnpaidAt, no_time)
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
        .col_expr(Column::CloseReason, erased.clone())
        .filter(Column::Id.eq(link.id))
        .filter(Column::PurgedAt.is_null());
    if link.stripe_session_id.is_some() && link.paid_at.is_some_and(|paid| paid + TOLD_AGAIN <= now) {
        // Stripe's report replaced the merchant's.
        purged = purged
            .col_expr(Column::StripeSessionId, erased.clone())
            .col_expr(Column::FailedSessions, erased.clone())
            .col_expr(Column::ElsewhereMethod, Expr::value(Option::<ElsewhereMethod>::None))
            .col_expr(Column::ElsewhereOn, erased.clone())
            .col_expr(Column::ElsewhereActor, erased);
    }
    purged.exec(tx).await?;
    payment_fact::erase_amounts(tx, link.id).await?;
    timeline::fold(tx, link, now).await?;
    // Among others, the reason for the void.
    audit::erase_details(tx, &link.id.to_string()).await?;
    evidence::forget_notice(tx, link, now).await?;
    attention::erase_notes(tx, link.id).await?;
    order::forget_customer_if_all_purged(tx, link.merchant_id, link.order_id, now).await?;
    message::erase_texts(tx, link.id, now).await?;
    webhook_event::erase_payloads(tx, link.merchant_id, link.id).await
}
