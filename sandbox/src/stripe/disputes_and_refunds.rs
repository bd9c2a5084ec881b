//! Refunds and disputes.

use serde_json::json;

use crate::{
    ids,
    model::{
        dispute::{Dispute, DisputeStatus},
        payment::{IntentState, Payment},
        refund::{Refund, RefundStatus},
        state::Txn,
        tables::RowChange,
    },
    stripe::events::{self, Cause, Occurrence},
};

/// Why money cannot go back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MoneyBackError {
    /// No payment intent has this id.
    #[error("there is no such payment intent")]
    NoSuchPayment,
    /// The payment has not succeeded.
    #[error("the payment has not succeeded")]
    NotPaid,
    /// More than is left, or nothing.
    #[error("between 1 and {left} can go back")]
    Amount {
        /// What was paid and has not been given back yet.
        left: i64,
    },
    /// The payment is disputed at present, or the dispute is closed.
    #[error("there is no open dispute that this could be about, or one already")]
    Dispute,
    /// No refund has this id.
    #[error("there is no such refund")]
    NoSuchRefund,
    /// What failed, fails once.
    #[error("the refund has failed already")]
    RefundIsOff,
}

/// What a refund or dispute made: its own id and the event's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) id: String,
    pub(crate) event: String,
}

/// The merchant gives back `amount`, or all that is left. The charge tells its sum, whatever becomes of the refund later.
pub(crate) fn refund(
    txn: &mut Txn<'_>,
    payment: &str,
    amount: Option<i64>,
    status: RefundStatus,
) -> Result<Happened, MoneyBackError> {
    let payment = paid(txn, payment)?;
    let amount = within(&payment, amount)?;
    let before = payment.refunded;
    let payment = Payment { refunded: before + amount, ..payment };
    txn.put(RowChange::Payment(payment.clone()));
    let previous = Some(json!({ "amount_refunded": before }));
    let body = Occurrence { kind: "charge.refunded", object: payment.charge(), previous };
    let event = events::emit(txn, &payment.scope, body, &Cause::default());
    let refund = Refund {
        id: ids::stripe("re_", 24),
        payment: payment.id,
        charge: payment.charge,
        scope: payment.scope,
        amount,
        currency: payment.currency,
        status,
        created_at: txn.now,
    };
    let id = refund.id.clone();
    tell_refund(txn, refund, &["refund.created"]);
    Ok(Happened { id, event })
}

/// A refund gets on, or fails, be it after it has succeeded: then the charge's sum is less again, and nobody tells it.
pub(crate) fn settle_refund(txn: &mut Txn<'_>, refund: &str, status: RefundStatus) -> Result<Happened, MoneyBackError> {
    let refund = txn.tables.refunds.get(refund).cloned().ok_or(MoneyBackError::NoSuchRefund)?;
    if refund.status.is_off() {
        return Err(MoneyBackError::RefundIsOff);
    }
    if status.is_off() {
        let payment = paid(txn, &refund.payment)?;
        let refunded = payment.refunded - refund.amount;
        txn.put(RowChange::Payment(Payment { refunded, ..payment }));
    }
    let refund = Refund { status, ..refund };
    let id = refund.id.clone();
    let kinds: &[&'static str] = match status {
        RefundStatus::Failed => &["refund.failed", "charge.refund.updated"],
        RefundStatus::Pending | RefundStatus::RequiresAction | RefundStatus::Succeeded | RefundStatus::Canceled => {
            &["refund.updated", "charge.refund.updated"]
        }
    };
    let event = tell_refund(txn, refund, kinds);
    Ok(Happened { id, event })
}

fn tell_refund(txn: &mut Txn<'_>, refund: Refund, kinds: &[&'static str]) -> String {
    let (scope, view) = (refund.scope.clone(), refund.view());
    txn.put(RowChange::Refund(refund));
    let mut told =
        kinds.iter().map(|kind| events::emit(txn, &scope, Occurrence::of(kind, view.clone()), &Cause::default()));
    let first = told.next().unwrap_or_default();
    told.for_each(drop);
    first
}

/// The buyer's bank wants `amount` back, or all that is left.
pub(crate) fn dispute(
    txn: &mut Txn<'_>,
    payment: &str,
    amount: Option<i64>,
    reason: &str,
    status: DisputeStatus,
) -> Result<Happened, MoneyBackError> {
    let payment = paid(txn, payment)?;
    // What was decided may be wanted back once more.
    if txn.tables.disputes.iter().any(|dispute| dispute.payment == payment.id && !dispute.status.is_closed()) {
        return Err(MoneyBackError::Dispute);
    }
    let dispute = Dispute {
        id: ids::stripe("du_", 24),
        payment: payment.id.clone(),
        charge: payment.charge.clone(),
        scope: payment.scope.clone(),
        amount: within(&payment, amount)?,
        currency: payment.currency.clone(),
        reason: reason.to_owned(),
        status,
        created_at: txn.now,
    };
    txn.put(RowChange::Payment(Payment { disputed: true, ..payment }));
    Ok(tell(txn, dispute, "charge.dispute.created"))
}

/// The dispute about this payment gets on, or ends.
pub(crate) fn advance_dispute(
    txn: &mut Txn<'_>,
    payment: &str,
    status: DisputeStatus,
) -> Result<Happened, MoneyBackError> {
    let about = |dispute: &&Dispute| dispute.payment == payment && !dispute.status.is_closed();
    let dispute = txn.tables.disputes.iter().find(about).cloned().ok_or(MoneyBackError::Dispute)?;
    let kind = if status.is_closed() { "charge.dispute.closed" } else { "charge.dispute.updated" };
    Ok(tell(txn, Dispute { status, ..dispute }, kind))
}

fn tell(txn: &mut Txn<'_>, dispute: Dispute, kind: &'static str) -> Happened {
    let (id, scope, view) = (dispute.id.clone(), dispute.scope.clone(), dispute.view());
    txn.put(RowChange::Dispute(dispute));
    let event = events::emit(txn, &scope, Occurrence::of(kind, view), &Cause::default());
    Happened { id, event }
}

fn paid(txn: &Txn<'_>, payment: &str) -> Result<Payment, MoneyBackError> {
    let payment = txn.tables.payments.get(payment).ok_or(MoneyBackError::NoSuchPayment)?;
    match payment.state {
        IntentState::Succeeded => Ok(payment.clone()),
        IntentState::Processing | IntentState::Failed => Err(MoneyBackError::NotPaid),
    }
}

fn within(payment: &Payment, amount: Option<i64>) -> Result<i64, MoneyBackError> {
    let left = payment.amount - payment.refunded;
    let amount = amount.unwrap_or(left);
    if (1..=left).contains(&amount) { Ok(amount) } else { Err(MoneyBackError::Amount { left }) }
}
