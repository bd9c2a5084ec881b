//! Facts for tests.

use chrono::{DateTime, Utc};
use domain::MerchantId;

use super::{FactKind, Model, PaymentFact};

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A fact of the payment `pi_1`; times are in seconds since 1970.
pub(crate) fn fact(kind: FactKind, id: &str, status: &str, made: i64, told: i64) -> PaymentFact {
    Model {
        merchant_id: MerchantId::new(at(0)),
        kind,
        id: id.to_owned(),
        payment_intent: "pi_1".to_owned(),
        link_id: None,
        amount: Some(1_000),
        currency: "usd".parse().ok(),
        status: status.to_owned(),
        reason: None,
        respond_by: None,
        made_at: at(made),
        told_at: at(told),
        failed_at: None,
        heard_at: at(told),
    }
}

/// The facts known after these reports.
pub(crate) fn after(told: &[PaymentFact]) -> Vec<PaymentFact> {
    let mut known: Vec<PaymentFact> = Vec::new();
    for told in told {
        match known.iter_mut().find(|known| known.id == told.id) {
            Some(known) => *known = known.and(told),
            None => known.push(told.clone()),
        }
    }
    known
}
