//! `/v1/account` and `/v1/payment_intents`: the account behind a key, and the state of a payment.

use serde_json::{Value, json};

use crate::model::{dispute::Dispute, payment::Payment, state::Txn};

use super::{Call, errors::StripeError, list::ListPage, params};

/// `GET /v1/account`.
pub(crate) fn account(call: &Call) -> Result<Value, StripeError> {
    params::finish(&call.params)?;
    Ok(json!({
        "id": call.scope.account,
        "object": "account",
        "business_profile": { "name": "Sandbox" },
        "charges_enabled": true,
        "settings": { "dashboard": { "display_name": "Sandbox", "timezone": "Etc/UTC" } },
        "type": "standard",
    }))
}

/// `GET /v1/payment_intents/{id}`.
pub(crate) fn payment_intent(txn: &Txn<'_>, call: &Call, id: &str) -> Result<Value, StripeError> {
    params::finish(&call.params)?;
    let payment = txn.tables.payments.get(id).filter(|payment| payment.scope == call.scope);
    payment.map(Payment::intent).ok_or_else(|| StripeError::no_such("payment_intent", id))
}

/// `GET /v1/charges`, of a payment if one is named.
pub(crate) fn charges(txn: &Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let page = ListPage::take(&mut params)?;
    let payment = params::present(params.take("payment_intent")?, "payment_intent")?;
    params::finish(&params)?;
    let rows = txn.tables.payments.iter().rev().filter(|row| row.scope == scope);
    let keep = |row: &Payment| payment.as_ref().is_none_or(|payment| row.id == *payment);
    page.of(rows, keep, ("/v1/charges", "charge"), Payment::charge)
}

/// `GET /v1/disputes`, of a payment if one is named.
pub(crate) fn disputes(txn: &Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let page = ListPage::take(&mut params)?;
    let payment = params::present(params.take("payment_intent")?, "payment_intent")?;
    params::finish(&params)?;
    let rows = txn.tables.disputes.iter().rev().filter(|row| row.scope == scope);
    let keep = |row: &Dispute| payment.as_ref().is_none_or(|payment| row.payment == *payment);
    page.of(rows, keep, ("/v1/disputes", "dispute"), Dispute::view)
}
