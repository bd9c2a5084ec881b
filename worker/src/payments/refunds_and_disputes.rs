//! Reads what Stripe reports about a payment later: refunds, refund totals, disputes. Reports without a payment intent
//! are not ours, because every payment of a link has one.

use chrono::{DateTime, Utc};
use domain::{Currency, LinkId, Money};
use entity::link::{FactKind, FactReport};

use crate::stripe::{METADATA_LINK, StripeCharge, StripeDispute, StripeRefund, stored};

/// The total refunded of a charge, and the link in the payment's metadata.
pub(super) fn of_charge(charge: StripeCharge, told_at: DateTime<Utc>) -> Option<(FactReport, Option<LinkId>)> {
    let link = charge.metadata.and_then(|all| all.get(METADATA_LINK)?.parse().ok());
    let payment_intent = charge.payment_intent?;
    let report = FactReport {
        kind: FactKind::RefundSum,
        id: payment_intent.clone(),
        payment_intent,
        money: money(charge.amount_refunded, &charge.currency),
        status: if charge.refunded == Some(true) { "full" } else { "partial" }.to_owned(),
        reason: None,
        respond_by: None,
        made_at: told_at,
        told_at,
    };
    Some((report, link))
}

/// Reads a refund.
pub(super) fn of_refund(refund: StripeRefund, told_at: DateTime<Utc>) -> Option<FactReport> {
    Some(FactReport {
        kind: FactKind::Refund,
        id: refund.id,
        payment_intent: refund.payment_intent?,
        money: money(refund.amount, &refund.currency),
        // Without a status, it is known only that the refund was created.
        status: refund.status.unwrap_or_else(|| "pending".to_owned()),
        reason: None,
        respond_by: None,
        made_at: time(refund.created).unwrap_or(told_at),
        told_at,
    })
}

/// Reads a dispute.
pub(super) fn of_dispute(dispute: StripeDispute, told_at: DateTime<Utc>) -> Option<FactReport> {
    let respond_by = time(dispute.due_by());
    let payment_intent = dispute.payment_intent?;
    Some(FactReport {
        kind: FactKind::Dispute,
        id: dispute.id.unwrap_or_else(|| payment_intent.clone()),
        payment_intent,
        money: None,
        status: dispute.status.unwrap_or_else(|| "needs_response".to_owned()),
        reason: dispute.reason,
        respond_by,
        made_at: time(dispute.created).unwrap_or(told_at),
        told_at,
    })
}

fn money(amount: i64, currency: &str) -> Option<Money> {
    Money::from_stripe_amount(amount, Currency::parse(currency).ok()?).ok()
}

fn time(seconds: Option<i64>) -> Option<DateTime<Utc>> {
    stored::time(seconds?)
}
