//! `/v1/account` and `/v1/payment_intents`: whose key it is, and where a payment stands.

use serde_json::{Value, json};

use crate::model::{payment::Payment, state::Txn};

use super::{Call, errors::StripeError, params};

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
