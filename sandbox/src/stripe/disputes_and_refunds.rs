//! What becomes of money that was paid: refunds and disputes.

use serde_json::json;

use crate::{
    ids,
    model::{
        dispute::{Dispute, DisputeStatus},
        payment::{IntentState, Payment},
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
    /// The payment is disputed already, or the dispute is closed.
    #[error("there is no open dispute that this could be about, or one already")]
    Dispute,
}

/// What a refund or dispute made: its own id and the event's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) id: String,
    pub(crate) event: String,
}

/// The merchant gives back `amount`, or all that is left.
pub(crate) fn refund(txn: &mut Txn<'_>, payment: &str, amount: Option<i64>) -> Result<Happened, MoneyBackError> {
    let payment = paid(txn, payment)?;
    let amount = within(&payment, amount)?;
    let before = payment.refunded;
    let payment = Payment { refunded: before + amount, ..payment };
    txn.put(RowChange::Payment(payment.clone()));
    let previous = Some(json!({ "amount_refunded": before }));
    let body = Occurrence { kind: "charge.refunded", object: payment.charge(), previous };
    let event = events::emit(txn, &payment.scope, body, &Cause::default());
    Ok(Happened { id: ids::stripe("re_", 24), event })
}

/// The buyer's bank wants `amount` back, or all that is left.
pub(crate) fn dispute(
    txn: &mut Txn<'_>,
    payment: &str,
    amount: Option<i64>,
    reason: &str,
) -> Result<Happened, MoneyBackError> {
    let payment = paid(txn, payment)?;
    if payment.disputed {
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
        status: DisputeStatus::NeedsResponse,
        created_at: txn.now,
    };
    txn.put(RowChange::Payment(Payment { disputed: true, ..payment }));
    Ok(tell(txn, dispute, "charge.dispute.created"))
}

/// The dispute about this payment ends.
pub(crate) fn close_dispute(txn: &mut Txn<'_>, payment: &str, won: bool) -> Result<Happened, MoneyBackError> {
    let about = |dispute: &&Dispute| dispute.payment == payment && dispute.status == DisputeStatus::NeedsResponse;
    let dispute = txn.tables.disputes.iter().find(about).cloned().ok_or(MoneyBackError::Dispute)?;
    let status = if won { DisputeStatus::Won } else { DisputeStatus::Lost };
    Ok(tell(txn, Dispute { status, ..dispute }, "charge.dispute.closed"))
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
